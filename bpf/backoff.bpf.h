/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Backoff: a packet that exceeds the limit gives its source's bucket the next penalty of the
 * limit's ladder. While the penalty lasts every packet is refused. The ladder starts again from
 * the first step when the bucket has refilled.
 *
 * Packets that come during a penalty do not prolong it; otherwise a few of them (a retransmission,
 * a neighbour behind the same address) would lock the source out for good. They cost the tokens
 * that were refilled meanwhile, all but one packet's worth. A source that waits as told keeps
 * those tokens.
 */
#ifndef TG_BACKOFF_BPF_H
#define TG_BACKOFF_BPF_H

#include "bucket_read.bpf.h"

static __always_inline __u64 tg_read_penalty(const struct tg_charge_request *request)
{
	if (!tg_limit_of(request->slot)->has_backoff || request->overflow)
		return 0;
	return request->penalty;
}

/*
 * Returns when the penalty ends (ns), or 0 if there is none. A time farther ahead than the longest
 * penalty comes from a clock that went back or from a ladder that has become shorter, and counts
 * as none. One tick is added for programs that read the other clock.
 */
static __always_inline __u64 tg_penalty_until(__u64 penalty, __u32 slot, __u64 now)
{
	__u64 longest =
		policy.backoffs[tg_masked(slot, TG_LIMITS_MAX)][TG_BACKOFF_STEPS - 1] + policy.tick;
	__u64 until = TG_PENALTY_UNTIL(penalty);

	return until > now && until - now <= longest ? until : 0;
}

/*
 * Clears the penalty of a bucket that has refilled and could have taken one packet more. Without
 * that one packet, a bucket whose capacity is one packet would be full at the end of every
 * penalty. Returns the penalty as it stands then.
 */
static __always_inline __u64 tg_clear_penalty(struct tg_bucket *bucket, __u64 penalty,
					      const struct tg_charge_request *request,
					      const struct tg_bucket_snapshot *snapshot)
{
	if (!penalty || snapshot->surplus >> (snapshot->rate->scale & 63) < request->cost)
		return penalty;
	__sync_val_compare_and_swap(&bucket->penalty, penalty, 0);
	return 0;
}

/*
 * Sets the next penalty of the ladder. @penalty was read before the charge, so that of several
 * CPUs that refuse at once only one moves on.
 */
static __always_inline void tg_penalize(struct tg_bucket *bucket, __u64 penalty,
					const struct tg_charge_request *request)
{
	__u32 slot = request->slot & (TG_LIMITS_MAX - 1);
	__u64 attempt = penalty & TG_PENALTY_ATTEMPTS, until;
	__u64 step = attempt < TG_BACKOFF_STEPS ? attempt : TG_BACKOFF_STEPS - 1;

	if (!tg_limit_of(slot)->has_backoff || request->overflow)
		return;
	until = TG_PENALTY_UNTIL(
		request->now +
		policy.backoffs[tg_masked(slot, TG_LIMITS_MAX)][tg_masked(step, TG_BACKOFF_STEPS)]);
	attempt += attempt < TG_PENALTY_ATTEMPTS;
	__sync_val_compare_and_swap(&bucket->penalty, penalty, until | attempt);
}

/*
 * Keeps the bucket empty, but for one packet's worth, until the penalty ends at @until, because a
 * packet came meanwhile. Repeated calls leave the same state. If another CPU changes the bucket at
 * the same time, the next packet does this.
 */
static __always_inline void tg_hold_empty(struct tg_bucket *bucket, __u64 state, __u64 until,
					  const struct tg_charge_request *request,
					  const struct tg_bucket_snapshot *snapshot)
{
	__u64 ahead = tg_gcra_clock(snapshot->rate, until) - snapshot->clock;
	__u64 deficit = 0;

	if (!tg_gcra_charge(snapshot->rate, &deficit, request->cost))
		return;
	deficit = snapshot->rate->capacity - deficit + ahead;
	if (deficit > snapshot->deficit)
		__sync_val_compare_and_swap(
			&bucket->state, state,
			tg_gcra_state(deficit, snapshot->clock, snapshot->version));
}

#endif
