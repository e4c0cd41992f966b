/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Charges one bucket. Only a compare-and-swap of its state changes it, so that any number of CPUs
 * admits no more than one CPU would.
 */
#ifndef TG_BUCKET_BPF_H
#define TG_BUCKET_BPF_H

#include "backoff.bpf.h"
#include "shared.bpf.h"

enum tg_charge_outcome {
	TG_CHARGE_ADMITTED,
	TG_CHARGE_ADMITTED_OVERFLOW, /* by an overflow bucket */
	TG_CHARGE_EXCEEDED,
	TG_CHARGE_CONTENDED,
	TG_CHARGE_NOT_ADMITTED, /* new_sources allows no further bucket now */
	TG_CHARGE_TABLE_FULL,	/* no room in the table */
	TG_CHARGE_SET_FULL,	/* no room in the sets that the key may be in */
	TG_CHARGE_NO_BUCKET,	/* nothing was charged: request->new_source allows no more */
	TG_CHARGE_AGAIN,	/* the bucket changed or is gone: try again */
};

/*
 * Admits the packet for later: it takes tokens that are still to come, if they come within
 * max_delay. This also serves a GSO packet of more segments than the bucket ever holds. Returns 1
 * and sets the departure, or 0.
 */
static __always_inline int tg_charge_ahead(struct tg_bucket_snapshot *snapshot,
					   struct tg_charge_request *request)
{
	const volatile struct tg_limit *limit = tg_limit_of(request->slot);
	__u64 units = tg_units(snapshot->rate, request->cost), wait;

	if (limit->action != TG_ACTION_DELAY)
		return 0;
	wait = tg_gcra_wait(snapshot->rate, request->now,
			    snapshot->deficit + units - snapshot->rate->capacity);
	if (wait > limit->max_delay)
		return 0;
	snapshot->deficit += units;
	request->departure = request->now + wait;
	return 1;
}

static __always_inline int tg_exceeded(struct tg_bucket *bucket,
				       const struct tg_charge_request *request)
{
	__sync_fetch_and_add(&bucket->exceeded, request->segments);
	bucket->exceeded_at = request->now;
	return TG_CHARGE_EXCEEDED;
}

/* True if the tokens in use after an admitted packet are above the limit's mark_above. */
static __always_inline bool tg_is_above(const struct tg_bucket_snapshot *snapshot, __u32 slot)
{
	return tg_gcra_above(snapshot->rate, snapshot->deficit, tg_limit_of(slot)->mark_above);
}

/*
 * Charges once, against the state in @request; TG_CHARGE_AGAIN asks for another try. A global
 * function, so that the verifier walks it once and not at each try.
 */
__noinline int tg_charge_bucket(struct tg_bucket *bucket, struct tg_charge_request *request)
{
	struct tg_bucket_snapshot snapshot = {};
	__u64 state, next, penalty, until;
	bool admitted;

	if (!bucket || !request)
		return TG_CHARGE_EXCEEDED;
	request->departure = 0; /* of a try whose swap failed */
	penalty = tg_read_penalty(request);
	state = request->state;
	if (tg_read_bucket(state, request, &snapshot))
		return TG_CHARGE_AGAIN;
	until = tg_penalty_until(penalty, request->slot, request->now);
	if (until) {
		tg_hold_empty(bucket, state, until, request, &snapshot);
		return tg_exceeded(bucket, request);
	}
	penalty = tg_clear_penalty(bucket, penalty, request, &snapshot);
	admitted = tg_gcra_charge(snapshot.rate, &snapshot.deficit, request->cost) ||
		   tg_charge_ahead(&snapshot, request);
	if (admitted || snapshot.store) {
		next = tg_gcra_state(snapshot.deficit, snapshot.clock, snapshot.version);
		if (__sync_val_compare_and_swap(&bucket->state, state, next) != state)
			return TG_CHARGE_AGAIN;
	}
	if (!admitted) {
		tg_penalize(bucket, penalty, request);
		return tg_exceeded(bucket, request);
	}
	request->above = tg_is_above(&snapshot, request->slot);
	__sync_fetch_and_add(&bucket->admitted, request->segments);
	tg_share_count(request, snapshot.deficit >> (snapshot.rate->scale & 63));
	return TG_CHARGE_ADMITTED;
}

/*
 * Charges in the common case: the state has this program's rate, and the limit neither delays,
 * backs off nor is shared. Anything else, and a lost race, returns TG_CHARGE_AGAIN, which
 * tg_charge_bucket() resolves. The bucket's counters are not atomic, which saves two thirds of
 * their cost: on several CPUs they may fall short, but the limit's own counters never do.
 */
static __always_inline int tg_charge_fast(struct tg_bucket *bucket, const struct tg_limit *limit,
					  struct tg_charge_request *request)
{
	const struct tg_rate *rate = &limit->rate;
	__u64 state = request->state, clock, deficit;

	if (tg_state_version(state) != limit->version || !limit->is_fast)
		return TG_CHARGE_AGAIN;
	clock = tg_gcra_clock(rate, request->now);
	deficit = tg_gcra_deficit(rate, state, clock);
	if (tg_gcra_charge(rate, &deficit, request->cost)) {
		if (__sync_val_compare_and_swap(&bucket->state, state,
						tg_gcra_state(deficit, clock, limit->version)) !=
		    state)
			return TG_CHARGE_AGAIN;
		bucket->admitted += request->segments;
		request->above = tg_gcra_above(rate, deficit, limit->mark_above);
		return TG_CHARGE_ADMITTED;
	}
	if (tg_gcra_implausible(rate, state, clock))
		return TG_CHARGE_AGAIN;
	bucket->exceeded += request->segments;
	bucket->exceeded_at = request->now;
	return TG_CHARGE_EXCEEDED;
}

#endif
