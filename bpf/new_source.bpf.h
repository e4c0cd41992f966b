/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sources without a bucket. Each takes a token of its limit's new_sources first. One that gets
 * none, or finds no room in the table, shares an overflow bucket.
 */
#ifndef TG_NEW_SOURCE_BPF_H
#define TG_NEW_SOURCE_BPF_H

#include "bucket.bpf.h"
#include "table_update.bpf.h"
#include "token.bpf.h"

/*
 * True if the limit lets another source have a bucket of its own. @take: it gets one now, so this
 * takes the token of new_sources.
 */
static __always_inline bool tg_admits_new(__u32 slot, bool take)
{
	__u32 index = policy.bank * TG_LIMITS_MAX + slot;
	struct tg_admission *admission;

	if (!policy.new_sources || !(policy.new_sources >> (slot & (TG_LIMITS_MAX - 1)) & 1))
		return true;
	admission = bpf_map_lookup_elem(&gates, &index);
	if (!admission)
		return false;
	return take ? tg_take_token(&admission->state, &admission->rate, TG_CAS_TRIES)
		    : tg_has_token(&admission->state, &admission->rate);
}

/*
 * Counts a new bucket. Atomic, because a packet may interrupt the program of an application or of
 * the daemon.
 */
static __always_inline void tg_count_created(__u32 slot)
{
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &slot);

	if (counters)
		__sync_fetch_and_add(&counters->created, 1);
}

/*
 * Notes the first tokens of a new bucket of a shared limit. @admitted: its first packet took them.
 */
static __always_inline void tg_share_begin(__u32 number, bool admitted,
					   struct tg_charge_request *request)
{
	__u32 slot = request->slot & (TG_LIMITS_MAX - 1);
	struct tg_bucket_share *share;

	if (!tg_is_shared(slot) || !admitted || !request->exchanged)
		return;
	share = tg_share_of(number);
	if (!share)
		return;
	request->report = request->cost >= tg_limit_of(slot)->report_at ? request->cost : 0;
	__sync_fetch_and_add(&share->taken, request->cost - request->report);
}

/*
 * Inserts a bucket that is full but for this charge. A packet that asks for more than the capacity
 * finds the bucket full at the next try, where tg_charge_bucket() decides about it.
 */
static __always_inline int tg_charge_insert(struct tg_bucket_key *key,
					    struct tg_charge_request *request)
{
	__u32 slot = request->slot & (TG_LIMITS_MAX - 1);
	const volatile struct tg_limit *limit = tg_limit_of(slot);
	const struct tg_rate *rate = (const struct tg_rate *)&limit->rate;
	__u64 deficit = 0, state;
	int admitted, number;

	admitted = tg_gcra_charge(rate, &deficit, request->cost);
	state = tg_gcra_state(deficit, tg_gcra_clock(rate, request->now), limit->version);
	number = tg_table_insert(key, request->hash, state, admitted ? request->segments : 0);
	if (number == -ENOSPC) {
		table_full_at[slot] = tg_now(TG_CLOCK_COARSE);
		return TG_CHARGE_TABLE_FULL;
	}
	if (number <= 0)
		return number == -EBUSY ? TG_CHARGE_SET_FULL : TG_CHARGE_AGAIN;
	tg_share_begin(number - 1, admitted, request);
	tg_count_created(slot);
	request->above = tg_gcra_above(rate, deficit, limit->mark_above);
	return admitted ? TG_CHARGE_ADMITTED : TG_CHARGE_AGAIN;
}

/*
 * True if the table had no room for the limit less than a tick ago. A failed insertion takes a lock
 * and writes, so it is tried once a tick.
 */
static __always_inline bool tg_table_is_full(__u32 slot)
{
	__u64 at = table_full_at[tg_masked(slot, TG_LIMITS_MAX)];
	__u64 elapsed = tg_now(TG_CLOCK_COARSE) - at;

	return at && (!elapsed || elapsed < policy.tick);
}

/* True if a full bucket admits the packet, at once or after a delay. */
static __always_inline bool tg_full_admits(const struct tg_charge_request *request)
{
	const volatile struct tg_limit *limit = tg_limit_of(request->slot);
	const struct tg_rate *rate = (const struct tg_rate *)&limit->rate;
	__u64 units = tg_units(rate, request->cost);

	if (units <= rate->capacity)
		return true;
	return limit->action == TG_ACTION_DELAY &&
	       tg_gcra_wait(rate, request->now, units - rate->capacity) <= limit->max_delay;
}

/*
 * Charges a packet of a source without a bucket, as far as request->new_source allows. Returns a
 * reason to share one if the source may have none of its own. A packet that even a full bucket
 * refuses gets no bucket, unless for its penalty.
 */
__noinline int tg_charge_new_source(struct tg_bucket_key *key, struct tg_charge_request *request)
{
	bool refused;

	if (!key || !request)
		return TG_CHARGE_EXCEEDED;
	refused = !tg_full_admits(request);
	if (refused && !tg_limit_of(request->slot)->has_backoff)
		return TG_CHARGE_EXCEEDED;
	if (request->new_source == TG_NEW_NOTHING)
		return TG_CHARGE_NO_BUCKET;
	if (request->new_source == TG_NEW_SHARE)
		return TG_CHARGE_NOT_ADMITTED;
	if (tg_table_is_full(request->slot))
		return TG_CHARGE_TABLE_FULL;
	if (request->new_source == TG_NEW_OVERFLOW && !refused)
		return tg_admits_new(request->slot, false) ? TG_CHARGE_NO_BUCKET
							   : TG_CHARGE_NOT_ADMITTED;
	if (request->new_source != TG_NEW_ADMITTED) {
		if (!tg_admits_new(request->slot, true))
			return TG_CHARGE_NOT_ADMITTED;
		request->new_source = TG_NEW_ADMITTED;
	}
	/*
	 * Reads the clock again: the key may have had a bucket that was taken out since, as full
	 * at a later time than request->now.
	 */
	request->now = tg_now(tg_limit_at(request->slot)->rate.clock);
	return tg_charge_insert(key, request);
}

#endif
