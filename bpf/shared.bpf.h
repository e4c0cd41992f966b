/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared limits, as the packet sees them: what it takes is noted in the bucket for the daemon,
 * which asks for it each tick and charges what other nodes took (debit.bpf.h). A packet waits for
 * nobody. Policies without a shared limit have none of this: policy.shared is 0 to the verifier.
 */
#ifndef TG_SHARED_BPF_H
#define TG_SHARED_BPF_H

#include "bucket_read.bpf.h"

static __always_inline bool tg_is_shared(__u32 slot)
{
	return policy.shared && policy.shared >> (slot & (TG_LIMITS_MAX - 1)) & 1;
}

/*
 * What a token costs. A node on its own has its part of rate and capacity, which is the same as to
 * pay more; but never more than a bucket holds. True if the limit is open: nothing is charged.
 */
static __always_inline bool tg_share_price(struct tg_charge_request *request)
{
	__u32 slot = request->slot & (TG_LIMITS_MAX - 1), index = slot;
	struct tg_share_state *share = bpf_map_lookup_elem(&shares, &index);
	const volatile struct tg_rate *rate = &policy.limits[slot].rate;
	__u64 most = rate->capacity >> (rate->scale & 63), cost;

	if (!share)
		return false;
	if (request->now < share->fresh_until) {
		request->exchanged = true;
		return false;
	}
	if (share->open)
		return true;
	cost = share->price ? request->cost * share->price : request->cost;
	if (cost > most && request->cost <= most)
		cost = most;
	request->cost = cost;
	return false;
}

/*
 * Notes what the bucket has given. Of what a source has taken slowly, its refills have paid most
 * (@deficit: tokens not paid yet), and that is nothing to tell.
 */
static __always_inline void tg_share_count(struct tg_charge_request *request, __u64 deficit)
{
	__u32 slot = request->slot & (TG_LIMITS_MAX - 1);
	struct tg_bucket_share *share;
	__s64 taken;

	if (!tg_is_shared(slot) || request->overflow)
		return;
	share = tg_share_of(request->number);
	if (!share)
		return;
	if (!request->exchanged) {
		if (share->taken)
			share->taken = 0;
		return;
	}
	taken = __sync_fetch_and_add(&share->taken, request->cost) + request->cost;
	if (taken < (__s64)policy.limits[slot].report_at ||
	    request->now - share->watched_at < TG_WATCHED_NS)
		return;
	taken = __sync_lock_test_and_set(&share->taken, 0);
	request->report = taken < (__s64)deficit ? taken : deficit;
}

/* With no room, the source is reported the next time. Static, so that Linux 6.1 has it only if it
 * is called. */
static __noinline int tg_report_source(struct tg_bucket_key *key, __u64 tokens)
{
	struct tg_share_report *report;

	if (!key)
		return 0;
	report = bpf_ringbuf_reserve(&reports, sizeof(*report), 0);
	if (!report)
		return 0;
	report->key = *key;
	report->tokens = tokens;
	bpf_ringbuf_submit(report, BPF_RB_NO_WAKEUP);
	return 0;
}

#endif
