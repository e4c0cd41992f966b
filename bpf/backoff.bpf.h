/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backoff: an excess closes its source's bucket for the next penalty of the limit's ladder, which
 * begins anew when the bucket has refilled. What comes while it is closed is refused. That makes
 * the wait no longer, or one packet now and then (a retransmission, a neighbour behind the same
 * address) would lock a source out for good; but it costs the tokens that it is refilled by
 * meanwhile, all but one packet's worth. Who waits as told keeps them.
 */
#ifndef TG_BACKOFF_BPF_H
#define TG_BACKOFF_BPF_H

#include "bucket_read.bpf.h"

static __always_inline __u64 tg_read_penalty(const struct tg_charge_request *request)
{
	if (!policy.limits[request->slot & (TG_LIMITS_MAX - 1)].has_backoff || request->overflow)
		return 0;
	return request->penalty;
}

/*
 * Until when the bucket is closed, or 0 if it is open. A time farther ahead than the longest
 * penalty is of a clock that went back, or of a ladder that has been shortened since: open. A tick
 * farther, for what reads the other clock.
 */
static __always_inline __u64 tg_penalty_until(__u64 penalty, __u32 slot, __u64 now)
{
	__u64 longest =
		policy.backoffs[slot & (TG_LIMITS_MAX - 1)][TG_BACKOFF_STEPS - 1] + policy.tick;
	__u64 until = TG_PENALTY_UNTIL(penalty);

	return until > now && until - now <= longest ? until : 0;
}

/*
 * Forgets the refusals of a bucket that has refilled, and by a packet's worth more: one whose
 * capacity is one packet is full whenever it opens. Returns `penalty` as it stands then.
 */
static __always_inline __u64 tg_clear_penalty(struct tg_bucket *bucket, __u64 penalty,
					      const struct tg_charge_request *request,
					      const struct tg_bucket_snapshot *snapshot)
{
	if (!penalty || snapshot->surplus < request->cost << (snapshot->rate->scale & 63))
		return penalty;
	__sync_val_compare_and_swap(&bucket->penalty, penalty, 0);
	return 0;
}

/*
 * Takes the next step of the ladder. @penalty was read before the charge, so that of several CPUs
 * that refuse at once one takes it.
 */
static __always_inline void tg_penalize(struct tg_bucket *bucket, __u64 penalty,
					const struct tg_charge_request *request)
{
	__u32 slot = request->slot & (TG_LIMITS_MAX - 1);
	__u64 attempt = penalty & TG_PENALTY_ATTEMPTS, until;
	__u64 step = attempt < TG_BACKOFF_STEPS ? attempt : TG_BACKOFF_STEPS - 1;

	if (!policy.limits[slot].has_backoff || request->overflow)
		return;
	/* Or the mask would be optimised away, which Linux 6.1 needs to see. */
	asm volatile("" : "+r"(step));
	until = TG_PENALTY_UNTIL(request->now +
				 policy.backoffs[slot][step & (TG_BACKOFF_STEPS - 1)]);
	attempt += attempt < TG_PENALTY_ATTEMPTS;
	__sync_val_compare_and_swap(&bucket->penalty, penalty, until | attempt);
}

/*
 * Someone sends although the bucket is closed until @until. The state that this leaves is the
 * same however often it happens. If another CPU changes the bucket meanwhile, the next packet does
 * it.
 */
static __always_inline void tg_hold_empty(struct tg_bucket *bucket, __u64 state, __u64 until,
					  const struct tg_charge_request *request,
					  const struct tg_bucket_snapshot *snapshot)
{
	__u64 ahead = tg_gcra_clock(snapshot->rate, until) - snapshot->clock;
	__u64 units = request->cost << (snapshot->rate->scale & 63), deficit;

	if (units > snapshot->rate->capacity)
		return;
	deficit = snapshot->rate->capacity - units + ahead;
	if (deficit > snapshot->deficit)
		__sync_val_compare_and_swap(
			&bucket->state, state,
			tg_gcra_state(deficit, snapshot->clock, snapshot->version));
}

#endif
