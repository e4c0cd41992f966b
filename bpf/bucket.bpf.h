/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Charging one bucket, and giving back. A bucket is only ever changed by a
 * compare-and-swap of its state, so no number of CPUs admits more than one would.
 */
#ifndef TG_BUCKET_BPF_H
#define TG_BUCKET_BPF_H

#include <linux/errno.h>
#include <tidegate/gcra.h>
#include "classify.bpf.h"

enum tg_charge {
	TG_CHARGE_ADMITTED,
	TG_CHARGE_ADMITTED_OVERFLOW, /* by a bucket that sources share */
	TG_CHARGE_EXCEEDED,
	TG_CHARGE_CONTENDED,
	TG_CHARGE_KEPT_OUT, /* new_sources lets no further source have a bucket of its own */
	TG_CHARGE_CROWDED,  /* the table is full */
	TG_CHARGE_AGAIN,    /* the bucket changed or went away under our hands */
};

/* What one packet asks of one limit, and what it gets. */
struct tg_demand {
	__u64 cost; /* tokens */
	__u64 now;  /* ns, on the clock of the limit's rate */
	__u32 slot;
	__u32 segments;
	bool shared;	 /* the bucket is one of those that sources share: no backoff */
	bool let_in;	 /* new_sources has given it a token */
	bool above;	 /* out: more than mark_above tokens are in use */
	__u64 departure; /* out: ns on the same clock; 0 at once */
};

static __always_inline __u64 tg_read_state(const struct tg_bucket *bucket)
{
	return *(const volatile __u64 *)&bucket->state;
}

/* Out of line, since the verifier need look at its loop only once. */
__noinline __u64 tg_convert_deficit(__u64 deficit, __u64 to_capacity, __u64 from_capacity)
{
	return from_capacity ? tg_scale_up(deficit, to_capacity, from_capacity) : to_capacity;
}

/* How a bucket stands, in one rate: what a charge starts from. */
struct tg_reading {
	struct tg_rate rate;
	__u64 clock, deficit;
	__u32 version;
	bool store; /* even if refused: the state lies too far ahead to be true */
};

/*
 * A bucket whose state was counted in another rate than this program's. One step newer:
 * the daemon is about to replace this program, which charges by the new rate as its
 * successor would. Anything else is older and is converted with the charge.
 */
static __noinline int tg_read_other_rate(__u64 state, struct tg_demand *demand,
					 struct tg_reading *reading)
{
	const volatile struct tg_limit *limit = &policy.limits[demand->slot & (TG_LIMITS_MAX - 1)];
	struct tg_limit_record *record = tg_record_of(policy.bank, demand->slot);
	__u32 version = tg_state_version(state);
	struct tg_rate *other;
	__u64 clock, deficit;

	if (!record || version >= TG_RATE_VERSIONS)
		return -ENOENT;
	other = &record->rates[version];
	clock = tg_gcra_clock(other, tg_now(other->clock));
	deficit = tg_gcra_deficit(other, state, clock);
	reading->store = false;
	if (version == (limit->version + 1) % TG_RATE_VERSIONS) {
		reading->rate = *other;
		reading->version = version;
		reading->clock = clock;
		reading->deficit = deficit;
		return 0;
	}
	reading->rate = *(const struct tg_rate *)&limit->rate;
	reading->version = limit->version;
	reading->clock = tg_gcra_clock((const struct tg_rate *)&limit->rate, demand->now);
	reading->deficit = tg_convert_deficit(deficit, limit->rate.capacity, other->capacity);
	return 0;
}

static __always_inline int tg_read_bucket(__u64 state, struct tg_demand *demand,
					  struct tg_reading *reading)
{
	const volatile struct tg_limit *limit = &policy.limits[demand->slot & (TG_LIMITS_MAX - 1)];
	const struct tg_rate *rate = (const struct tg_rate *)&limit->rate;

	if (tg_state_version(state) != limit->version)
		return tg_read_other_rate(state, demand, reading);
	reading->rate = *rate;
	reading->version = limit->version;
	reading->clock = tg_gcra_clock(rate, demand->now);
	reading->deficit = tg_gcra_deficit(rate, state, reading->clock);
	reading->store = tg_gcra_implausible(rate, state, reading->clock);
	return 0;
}

/*
 * Too few tokens, and the limit delays: the packet takes tokens that are still to come, if they
 * come soon enough. So does one that is, by GSO, more segments than the bucket ever holds.
 */
static __always_inline int tg_charge_ahead(struct tg_reading *reading, struct tg_demand *demand)
{
	const volatile struct tg_limit *limit = &policy.limits[demand->slot & (TG_LIMITS_MAX - 1)];
	__u64 units = demand->cost << reading->rate.scale, wait;

	if (limit->action != TG_ACTION_DELAY)
		return 0;
	wait = tg_gcra_wait(&reading->rate, demand->now,
			    reading->deficit + units - reading->rate.capacity);
	if (wait > limit->max_delay)
		return 0;
	reading->deficit += units;
	demand->departure = demand->now + wait;
	return 1;
}

/*
 * Backoff: closes the bucket for the next penalty, and takes away what it would be refilled
 * by in that time but for the tokens of one packet, which it holds when it opens.
 */
static __noinline int tg_close_bucket(struct tg_bucket *bucket, __u64 state,
				      struct tg_demand *demand, struct tg_reading *reading)
{
	__u32 slot = demand->slot & (TG_LIMITS_MAX - 1), attempt;
	__u64 closed = *(const volatile __u64 *)&bucket->closed, until, ahead, units;

	attempt = reading->deficit ? closed & TG_CLOSED_ATTEMPTS : 0;
	until = demand->now +
		policy.backoffs[slot][attempt < TG_BACKOFF_STEPS ? attempt & (TG_BACKOFF_STEPS - 1)
								 : TG_BACKOFF_STEPS - 1];
	until = TG_CLOSED_UNTIL(until + TG_CLOSED_ATTEMPTS);
	if (__sync_val_compare_and_swap(
		    &bucket->closed, closed,
		    until | (attempt < TG_CLOSED_ATTEMPTS ? attempt + 1 : attempt)) != closed)
		return 0; /* another CPU has closed it */
	ahead = tg_gcra_clock(&reading->rate, until) - reading->clock;
	units = demand->cost << (reading->rate.scale & 63);
	if (ahead <= units)
		return 0;
	/* If another CPU has charged it meanwhile, that has cost it enough. */
	__sync_val_compare_and_swap(
		&bucket->state, state,
		tg_gcra_state(reading->deficit + ahead - units, reading->clock, reading->version));
	return 0;
}

static __always_inline bool tg_is_closed(const struct tg_bucket *bucket,
					 const struct tg_demand *demand)
{
	return policy.limits[demand->slot & (TG_LIMITS_MAX - 1)].has_backoff && !demand->shared &&
	       demand->now < TG_CLOSED_UNTIL(*(const volatile __u64 *)&bucket->closed);
}

static __always_inline int tg_exceeded(struct tg_bucket *bucket, const struct tg_demand *demand)
{
	__sync_fetch_and_add(&bucket->exceeded, demand->segments);
	bucket->exceeded_at = demand->now;
	return TG_CHARGE_EXCEEDED;
}

/* Of what an admitted packet leaves in the bucket. */
static __always_inline bool tg_is_above(const struct tg_reading *reading, __u32 slot)
{
	__u64 above = policy.limits[slot & (TG_LIMITS_MAX - 1)].mark_above;

	return above != ~0ULL && reading->deficit > above << (reading->rate.scale & 63);
}

/* One try. A function of its own to the verifier, which would else walk it at each try. */
__noinline int tg_charge_bucket(struct tg_bucket *bucket, struct tg_demand *demand)
{
	struct tg_reading reading = {};
	bool healed, admitted, backoff;
	__u64 state, next;

	if (!bucket || !demand)
		return TG_CHARGE_EXCEEDED;
	state = tg_read_state(bucket);
	backoff = policy.limits[demand->slot & (TG_LIMITS_MAX - 1)].has_backoff && !demand->shared;
	if (tg_is_closed(bucket, demand))
		return tg_exceeded(bucket, demand);
	if (tg_read_bucket(state, demand, &reading))
		return TG_CHARGE_AGAIN;
	reading.rate.scale &= 63;
	healed = backoff && !reading.deficit && bucket->closed;
	admitted = tg_gcra_charge(&reading.rate, &reading.deficit, demand->cost) ||
		   tg_charge_ahead(&reading, demand);
	if (admitted || reading.store) {
		next = tg_gcra_state(reading.deficit, reading.clock, reading.version);
		if (__sync_val_compare_and_swap(&bucket->state, state, next) != state)
			return TG_CHARGE_AGAIN;
	}
	if (!admitted) {
		if (backoff)
			tg_close_bucket(bucket, state, demand, &reading);
		return tg_exceeded(bucket, demand);
	}
	if (healed)
		bucket->closed = 0;
	demand->above = tg_is_above(&reading, demand->slot);
	__sync_fetch_and_add(&bucket->admitted, demand->segments);
	return TG_CHARGE_ADMITTED;
}

/*
 * A charge as most are: in this program's rate, for a limit that neither delays nor backs off.
 * Everything else, and a lost race, is TG_CHARGE_AGAIN: for tg_charge_bucket(). The counts are
 * not atomic, at a third of the cost: on several CPUs at once they may fall short, the
 * limits' own never.
 */
static __always_inline int tg_charge_plainly(struct tg_bucket *bucket, struct tg_demand *demand)
{
	const volatile struct tg_limit *limit = &policy.limits[demand->slot & (TG_LIMITS_MAX - 1)];
	const struct tg_rate *rate = (const struct tg_rate *)&limit->rate;
	__u64 state = tg_read_state(bucket), clock, deficit;

	if (tg_state_version(state) != limit->version || !limit->is_plain)
		return TG_CHARGE_AGAIN;
	clock = tg_gcra_clock(rate, demand->now);
	deficit = tg_gcra_deficit(rate, state, clock);
	if (tg_gcra_charge(rate, &deficit, demand->cost)) {
		if (__sync_val_compare_and_swap(&bucket->state, state,
						tg_gcra_state(deficit, clock, limit->version)) !=
		    state)
			return TG_CHARGE_AGAIN;
		bucket->admitted += demand->segments;
		demand->above = limit->mark_above != ~0ULL &&
				deficit > limit->mark_above << (rate->scale & 63);
		return TG_CHARGE_ADMITTED;
	}
	if (tg_gcra_implausible(rate, state, clock))
		return TG_CHARGE_AGAIN;
	bucket->exceeded += demand->segments;
	bucket->exceeded_at = demand->now;
	return TG_CHARGE_EXCEEDED;
}

#endif
