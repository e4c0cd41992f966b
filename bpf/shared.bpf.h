/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Shared limits, on the packet's side: a packet notes what it takes in the bucket, and the daemon
 * collects that each tick and charges what other nodes took (debit.bpf.h). No packet waits. In a
 * policy without a shared limit policy.shared is 0, so the verifier removes this code.
 */
#ifndef TG_SHARED_BPF_H
#define TG_SHARED_BPF_H

#include "bucket_read.bpf.h"

static __always_inline bool tg_is_shared(__u32 slot)
{
	return policy.shared && policy.shared >> (slot & (TG_LIMITS_MAX - 1)) & 1;
}

/*
 * Sets the price of the request. A node on its own has a part of rate and capacity, which is the
 * same as paying more for each token; a packet that a full bucket could pay never costs more than
 * a full bucket. True if the limit is open: nothing is charged.
 */
static __always_inline bool tg_share_price(struct tg_charge_request *request)
{
	__u32 slot = request->slot & (TG_LIMITS_MAX - 1), index = slot;
	struct tg_share_state *share = bpf_map_lookup_elem(&shares, &index);
	const volatile struct tg_rate *rate = &tg_limit_of(slot)->rate;
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
 * Notes what the bucket has given. @deficit: tokens that refills have not paid yet. When a slow
 * source is reported, the tokens already paid are not.
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
	if (taken < (__s64)tg_limit_of(slot)->report_at ||
	    request->now - share->watched_at < TG_WATCHED_NS)
		return;
	taken = __sync_lock_test_and_set(&share->taken, 0);
	request->report = taken < (__s64)deficit ? taken : deficit;
}

/*
 * Reports a source to the daemon. With no room it is reported the next time. Static, because Linux
 * 6.1 verifies every global function, also one that is not called.
 */
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
