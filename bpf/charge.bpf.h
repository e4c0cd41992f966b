/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet and a limit: charging its bucket, wherever that is, and giving back. */
#ifndef TG_CHARGE_BPF_H
#define TG_CHARGE_BPF_H

#include "new_source.bpf.h"

static __always_inline __u64 tg_cost(const struct tg_packet *packet, const struct tg_limit *limit)
{
	return limit->unit == TG_UNIT_BYTES ? packet->bytes : packet->segments;
}

/* A source without a bucket of its own shares one. @table_full: for want of room. */
static __always_inline int tg_charge_overflow(struct tg_bucket_key *key,
					      struct tg_charge_request *request, bool table_full)
{
	struct tg_bucket *bucket = tg_overflow_bucket(key, request);
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &request->slot);
	int try, outcome;

	if (!bucket)
		return TG_CHARGE_EXCEEDED;
	if (counters) {
		counters->overflowed++;
		counters->table_full += table_full;
	}
	request->overflow = true;
	outcome = tg_charge_fast(bucket, tg_limit_at(request->slot), request);
	for (try = 0; try < TG_CAS_TRIES && outcome == TG_CHARGE_AGAIN; try++) {
		request->state = tg_read_state(bucket);
		outcome = tg_charge_bucket(bucket, request);
	}
	if (outcome == TG_CHARGE_AGAIN)
		return TG_CHARGE_CONTENDED;
	return outcome == TG_CHARGE_ADMITTED ? TG_CHARGE_ADMITTED_OVERFLOW : outcome;
}

static __always_inline int tg_charge_once(struct tg_bucket_key *key,
					  struct tg_charge_request *request)
{
	__u32 found = tg_table_find(key, request->hash);
	struct tg_bucket *bucket;

	if (!found) {
		if (tg_table_is_full())
			return TG_CHARGE_TABLE_FULL;
		/* Anew: it may have had one, and that was taken out since, as full at a later time.
		 */
		request->now = tg_now(tg_limit_at(request->slot)->rate.clock);
		return tg_charge_new_source(key, request);
	}
	bucket = tg_bucket_at(key, found - 1, request);
	return bucket ? tg_charge_bucket(bucket, request) : TG_CHARGE_AGAIN;
}

/*
 * What tg_charge_fast() leaves. After a lost race the bucket is looked up anew: the sweep may
 * have given its entry away.
 */
static __always_inline int tg_charge_slow(struct tg_bucket_key *key,
					  struct tg_charge_request *request)
{
	int try, outcome = TG_CHARGE_AGAIN;

	for (try = 0; try < TG_CAS_TRIES; try++) {
		outcome = tg_charge_once(key, request);
		if (outcome != TG_CHARGE_AGAIN)
			break;
	}
	if (outcome == TG_CHARGE_AGAIN)
		return TG_CHARGE_CONTENDED;
	if (outcome == TG_CHARGE_NOT_ADMITTED || outcome == TG_CHARGE_TABLE_FULL ||
	    outcome == TG_CHARGE_SET_FULL)
		return tg_charge_overflow(key, request, outcome == TG_CHARGE_TABLE_FULL);
	return outcome;
}

/* Nearly every key's bucket is where its hash has it first; NULL says nothing. */
static __always_inline struct tg_bucket *tg_first_bucket(const struct tg_bucket_key *key,
							 struct tg_charge_request *request)
{
	__u32 found = tg_table_find_first(request->hash);

	return found ? tg_bucket_at(key, found - 1, request) : NULL;
}

static __always_inline int tg_charge_own(struct tg_bucket_key *key,
					 struct tg_charge_request *request)
{
	struct tg_bucket *bucket = tg_first_bucket(key, request);
	int outcome = TG_CHARGE_AGAIN;

	if (bucket)
		outcome = tg_charge_fast(bucket, tg_limit_at(request->slot), request);
	return outcome == TG_CHARGE_AGAIN ? tg_charge_slow(key, request) : outcome;
}

/* With what sharing the limit asks for, if it is shared. */
static __always_inline int tg_charge_key(struct tg_bucket_key *key,
					 struct tg_charge_request *request)
{
	int outcome;

	if (tg_is_shared(request->slot) && tg_share_price(request))
		return TG_CHARGE_ADMITTED;
	outcome = tg_charge_own(key, request);
	if (policy.shared && request->report && outcome == TG_CHARGE_ADMITTED)
		tg_report_source(key, request->report);
	return outcome;
}

/* A packet that is not ECN-capable bears no mark that is CE alone (RFC 3168 section 5). */
static __always_inline bool tg_can_mark(const struct tg_packet *packet, __u32 slot)
{
	__u8 marks = policy.limits[slot & (TG_LIMITS_MAX - 1)].marks;

	return (packet->traffic_class & TG_ECN_MASK) ||
	       (marks & (TG_MARK_DSCP | TG_MARK_FWMARK | TG_MARK_PRIORITY));
}

/*
 * Charges @packet to the limit in @slot, and notes in it whether it is to be marked or delayed.
 * A function of its own to the verifier, so that 64 limits cost it no more than one.
 */
__noinline int tg_charge(struct tg_packet *packet, __u32 slot)
{
	const struct tg_limit *limit;
	struct tg_bucket_key key = {};
	struct tg_charge_request request = {};
	int outcome;

	slot &= TG_LIMITS_MAX - 1;
	if (!packet)
		return TG_CHARGE_EXCEEDED;
	limit = tg_limit_at(slot);
	request.slot = slot;
	request.cost = tg_cost(packet, limit);
	request.segments = packet->segments;
	request.now = tg_now(limit->rate.clock);
	tg_bucket_key_of(&key, limit, packet);
	request.hash = tg_hash_of(&key);
	outcome = tg_charge_key(&key, &request);
	if (request.above && tg_can_mark(packet, slot))
		packet->marks |= 1ULL << slot;
	if (request.departure) {
		packet->delayed |= 1ULL << slot;
		if (request.departure > packet->departure)
			packet->departure = request.departure;
	}
	return outcome;
}

/* One try, and true if it is done with, at the state that the request has. */
__noinline int tg_refund_try(struct tg_bucket *bucket, struct tg_charge_request *request)
{
	struct tg_bucket_snapshot snapshot = {};
	__u64 state, units, next;

	if (!bucket || !request)
		return true;
	state = request->state;
	if (tg_read_bucket(state, request, &snapshot))
		return true; /* dead, so full */
	units = request->cost << (snapshot.rate->scale & 63);
	snapshot.deficit = snapshot.deficit > units ? snapshot.deficit - units : 0;
	next = tg_gcra_state(snapshot.deficit, snapshot.clock, snapshot.version);
	return __sync_val_compare_and_swap(&bucket->state, state, next) == state;
}

static __always_inline void tg_share_refund(const struct tg_charge_request *request)
{
	struct tg_bucket_share *share;

	if (!tg_is_shared(request->slot) || !request->exchanged || request->overflow)
		return;
	share = tg_share_of(request->number);
	if (share)
		__sync_fetch_and_add(&share->taken, -request->cost);
}

/* The bucket that a key was or would be charged to, and its state in the request. */
static __always_inline struct tg_bucket *tg_bucket_of(struct tg_bucket_key *key,
						      struct tg_charge_request *request)
{
	return request->overflow ? tg_overflow_bucket(key, request) : tg_find_bucket(key, request);
}

/* One try, and true if it is done with: a function of its own, or Linux 6.1 takes the loop for a
 * jump back. */
__noinline int tg_refund_once(struct tg_bucket_key *key, struct tg_charge_request *request)
{
	struct tg_bucket *bucket;

	if (!key || !request)
		return true;
	bucket = tg_bucket_of(key, request);
	if (!bucket)
		return true;
	if (!tg_refund_try(bucket, request))
		return false;
	/* Counted without a lock, so it may have fallen short. */
	if (bucket->admitted >= request->segments)
		bucket->admitted -= request->segments;
	tg_share_refund(request);
	return true;
}

/* Gives back what tg_charge() took for a packet that another limit then refused. */
__noinline int tg_refund(struct tg_packet *packet, __u32 slot, __u32 overflowed)
{
	const struct tg_limit *limit;
	struct tg_bucket_key key = {};
	struct tg_charge_request request = {};
	int try;

	slot &= TG_LIMITS_MAX - 1;
	if (!packet)
		return 0;
	limit = tg_limit_at(slot);
	request.slot = slot;
	request.cost = tg_cost(packet, limit);
	request.segments = packet->segments;
	request.now = tg_now(limit->rate.clock);
	if (tg_is_shared(slot) && tg_share_price(&request))
		return 0;
	tg_bucket_key_of(&key, limit, packet);
	request.hash = tg_hash_of(&key);
	request.overflow = overflowed;
	for (try = 0; try < TG_CAS_TRIES; try++)
		if (tg_refund_once(&key, &request))
			return 0;
	return -EBUSY;
}

#endif
