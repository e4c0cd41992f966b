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
	TG_CHARGE_ADMITTED_OVERFLOW, /* by a bucket that it shares, the table being full */
	TG_CHARGE_EXCEEDED,
	TG_CHARGE_CONTENDED,
	TG_CHARGE_AGAIN, /* the bucket changed or went away under our hands */
	TG_CHARGE_FULL,	 /* no room for a new bucket */
};

/* What one packet asks of one limit. */
struct tg_demand {
	__u64 cost; /* tokens */
	__u64 now;  /* ns, on the clock of the limit's rate */
	__u32 slot;
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
	__u64 capacity, clock, deficit;
	__u32 scale, version;
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
		reading->capacity = other->capacity;
		reading->scale = other->scale;
		reading->version = version;
		reading->clock = clock;
		reading->deficit = deficit;
		return 0;
	}
	reading->capacity = limit->rate.capacity;
	reading->scale = limit->rate.scale;
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
	reading->capacity = rate->capacity;
	reading->scale = rate->scale;
	reading->version = limit->version;
	reading->clock = tg_gcra_clock(rate, demand->now);
	reading->deficit = tg_gcra_deficit(rate, state, reading->clock);
	reading->store = tg_gcra_implausible(rate, state, reading->clock);
	return 0;
}

/* One try. */
static __always_inline int tg_charge_bucket(struct tg_bucket *bucket, struct tg_demand *demand)
{
	__u64 state = tg_read_state(bucket), next;
	struct tg_reading reading = {};
	struct tg_rate rate = {};
	int admitted;

	if (tg_read_bucket(state, demand, &reading))
		return TG_CHARGE_AGAIN;
	rate.capacity = reading.capacity;
	rate.scale = reading.scale & 63;
	admitted = tg_gcra_charge(&rate, &reading.deficit, demand->cost);
	if (admitted || reading.store) {
		next = tg_gcra_state(reading.deficit, reading.clock, reading.version);
		if (__sync_val_compare_and_swap(&bucket->state, state, next) != state)
			return TG_CHARGE_AGAIN;
	}
	if (admitted) {
		__sync_fetch_and_add(&bucket->admitted, 1);
		return TG_CHARGE_ADMITTED;
	}
	__sync_fetch_and_add(&bucket->exceeded, 1);
	bucket->exceeded_at = demand->now;
	return TG_CHARGE_EXCEEDED;
}

/* Puts a bucket into the table, full but for this charge. */
static __always_inline int tg_charge_new(struct tg_bucket_key *key, struct tg_demand *demand)
{
	const volatile struct tg_limit *limit = &policy.limits[demand->slot & (TG_LIMITS_MAX - 1)];
	const struct tg_rate *rate = (const struct tg_rate *)&limit->rate;
	struct tg_limit_counters *counters;
	struct tg_bucket bucket = {};
	__u64 deficit = 0;
	int admitted;
	long error;

	admitted = tg_gcra_charge(rate, &deficit, demand->cost);
	bucket.state = tg_gcra_state(deficit, tg_gcra_clock(rate, demand->now), limit->version);
	bucket.admitted = admitted;
	bucket.exceeded = !admitted;
	bucket.exceeded_at = admitted ? 0 : demand->now;
	error = bpf_map_update_elem(&buckets, key, &bucket, BPF_NOEXIST);
	/* Others pass: another CPU was faster (EEXIST), or is at work on the same hash chain. */
	if (error)
		return error == -E2BIG || error == -ENOMEM ? TG_CHARGE_FULL : TG_CHARGE_AGAIN;
	counters = bpf_map_lookup_elem(&limit_counters, &demand->slot);
	if (counters)
		counters->created++;
	return admitted ? TG_CHARGE_ADMITTED : TG_CHARGE_EXCEEDED;
}

/* Which of a limit's overflow buckets a key falls to; senders do not know the secret. */
static __always_inline __u32 tg_overflow_index(const struct tg_bucket_key *key, __u32 slot)
{
	__u64 fields = key->port | (__u64)key->protocol << 16;
	__u64 hash = (key->address.high ^ policy.hash_key[0]) * 0x9e3779b97f4a7c15ULL;

	hash = ((hash ^ hash >> 32) + fields) * 0x9e3779b97f4a7c15ULL;
	hash = ((hash ^ hash >> 32) + (key->address.low ^ policy.hash_key[1])) *
	       0xd6e8feb86659fd93ULL;
	hash = (hash ^ hash >> 32) * 0xd6e8feb86659fd93ULL;
	return slot * TG_OVERFLOW_PER_LIMIT + ((hash >> 32) & (TG_OVERFLOW_PER_LIMIT - 1));
}

static __always_inline int tg_charge_overflow(struct tg_bucket_key *key, struct tg_demand *demand)
{
	__u32 index = tg_overflow_index(key, demand->slot);
	struct tg_bucket *bucket = bpf_map_lookup_elem(&overflow, &index);
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &demand->slot);
	int try, outcome;

	if (!bucket)
		return TG_CHARGE_EXCEEDED;
	if (counters)
		counters->overflowed++;
	for (try = 0; try < TG_CAS_TRIES; try++) {
		outcome = tg_charge_bucket(bucket, demand);
		if (outcome == TG_CHARGE_ADMITTED)
			return TG_CHARGE_ADMITTED_OVERFLOW;
		if (outcome != TG_CHARGE_AGAIN)
			return outcome;
	}
	return TG_CHARGE_CONTENDED;
}

static __always_inline __u64 tg_cost(const struct tg_packet *packet, __u32 slot)
{
	return policy.limits[slot & (TG_LIMITS_MAX - 1)].unit == TG_UNIT_BYTES ? packet->bytes : 1;
}

/*
 * Charges @packet to the limit in @slot. After a lost race the bucket is looked up anew:
 * the sweep may have given its memory to another source.
 * A function of its own to the verifier, so that 64 limits cost it no more than one.
 */
__noinline int tg_charge(struct tg_packet *packet, __u32 slot)
{
	struct tg_bucket_key key = {};
	struct tg_demand demand = {};
	struct tg_bucket *bucket;
	int try, outcome;

	slot &= TG_LIMITS_MAX - 1;
	if (!packet)
		return TG_CHARGE_EXCEEDED;
	demand.slot = slot;
	demand.cost = tg_cost(packet, slot);
	demand.now = tg_now(policy.limits[slot].rate.clock);
	tg_bucket_key_of(&key, slot, packet);
	for (try = 0; try < TG_CAS_TRIES; try++) {
		bucket = bpf_map_lookup_elem(&buckets, &key);
		outcome = bucket ? tg_charge_bucket(bucket, &demand) : tg_charge_new(&key, &demand);
		if (outcome == TG_CHARGE_FULL)
			return tg_charge_overflow(&key, &demand);
		if (outcome != TG_CHARGE_AGAIN)
			return outcome;
	}
	return TG_CHARGE_CONTENDED;
}

static __always_inline bool tg_refund_try(struct tg_bucket *bucket, struct tg_demand *demand)
{
	__u64 state = tg_read_state(bucket), units, next;
	struct tg_reading reading = {};

	if (tg_read_bucket(state, demand, &reading))
		return true; /* dead, so full */
	units = demand->cost << (reading.scale & 63);
	reading.deficit = reading.deficit > units ? reading.deficit - units : 0;
	next = tg_gcra_state(reading.deficit, reading.clock, reading.version);
	return __sync_val_compare_and_swap(&bucket->state, state, next) == state;
}

/* Gives back what tg_charge() took for a packet that another limit then refused. */
__noinline int tg_refund(struct tg_packet *packet, __u32 slot, __u32 overflowed)
{
	struct tg_bucket_key key = {};
	struct tg_demand demand = {};
	struct tg_bucket *bucket;
	__u32 index;
	int try;

	slot &= TG_LIMITS_MAX - 1;
	if (!packet)
		return 0;
	demand.slot = slot;
	demand.cost = tg_cost(packet, slot);
	demand.now = tg_now(policy.limits[slot].rate.clock);
	tg_bucket_key_of(&key, slot, packet);
	index = tg_overflow_index(&key, slot);
	for (try = 0; try < TG_CAS_TRIES; try++) {
		bucket = overflowed ? bpf_map_lookup_elem(&overflow, &index)
				    : bpf_map_lookup_elem(&buckets, &key);
		if (!bucket)
			return 0;
		if (tg_refund_try(bucket, &demand)) {
			__sync_fetch_and_add(&bucket->admitted, -1);
			return 0;
		}
	}
	return -EBUSY;
}

#endif
