/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Charges the bucket that a packet or an application has in a limit, and gives tokens back. The
 * layers, outermost first:
 *
 *	tg_charge                    a packet in one limit: makes the key and the request
 *	 \ tg_charge_key             adds what a shared limit asks for (price, report)
 *	    \ tg_charge_own          the key's own bucket, found by the first two ways of its set
 *	       | tg_charge_fast      common case: one compare-and-swap, no loop; else AGAIN
 *	       \ tg_charge_slow      up to TG_CAS_TRIES tries, each with a new look-up
 *	          | tg_charge_once   one try
 *	          |  | tg_charge_new_source      no bucket: leave it, or admission, then
 *	          |  |  \ tg_charge_insert       a new entry in the table
 *	          |  \ tg_charge_bucket          a bucket: rate, penalty, delay, marks
 *	          \ tg_charge_overflow           not admitted or no room: an overflow bucket
 *
 * The fast path (fast_path.bpf.h) enters at tg_charge_fast and tg_charge_slow, and applications
 * (app.bpf.h) at tg_charge_key.
 */
#ifndef TG_CHARGE_BPF_H
#define TG_CHARGE_BPF_H

#include "new_source.bpf.h"

/* Returns what the limit in @slot takes for the packet, and for what it owes. */
static __always_inline __u64 tg_cost(const struct tg_packet *packet, __u32 slot)
{
	bool bytes = tg_limit_at(slot)->unit == TG_UNIT_BYTES;
	__u64 cost = bytes ? packet->bytes : packet->segments;

	if (packet->owing >> (slot & (TG_LIMITS_MAX - 1)) & 1)
		cost += bytes ? packet->early_bytes : packet->early_packets;
	return cost;
}

/*
 * Returns what a charge may do for a source without a bucket, where @allowed is what any packet
 * may. A later fragment inserts one bucket at most, in whatever many limits it may be.
 */
static __always_inline __u8 tg_new_source_of(const struct tg_packet *packet, __u32 allowed)
{
	return packet->fragment == TG_FRAGMENT_LATER && packet->inserted && allowed == TG_NEW_INSERT
		       ? TG_NEW_SHARE
		       : allowed;
}

/*
 * Charges an overflow bucket, which a source without a bucket of its own shares with others.
 * @table_full: the reason was a full table.
 */
static __always_inline int tg_charge_overflow(struct tg_bucket_key *key,
					      struct tg_charge_request *request, bool table_full)
{
	struct tg_bucket *bucket = tg_overflow_bucket(key, request);
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &request->slot);
	int try, outcome;

	if (!bucket)
		return TG_CHARGE_EXCEEDED;
	if (counters) {
		/* Atomic, because a packet may interrupt the program of an application. */
		__sync_fetch_and_add(&counters->overflowed, 1);
		if (table_full)
			__sync_fetch_and_add(&counters->table_full, 1);
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

	if (!found)
		return tg_charge_new_source(key, request);
	bucket = tg_bucket_at(key, found - 1, request);
	return bucket ? tg_charge_bucket(bucket, request) : TG_CHARGE_AGAIN;
}

/*
 * Charges in the cases that tg_charge_fast() leaves. A lost race looks the bucket up again,
 * because its entry may have gone to another key. A set may stay locked for long if the program of
 * an application was preempted within its insertion; then a new source is dropped as contended. An
 * overflow bucket would let it have more than one bucket holds.
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

/*
 * Returns the bucket if one of the first two ways leads to it, as for nearly all keys. NULL says
 * nothing.
 */
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

/* Charges @key, with the price and the report of a shared limit. */
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

/* False for a packet that is not ECN-capable if the mark is CE alone (RFC 3168 section 5). */
static __always_inline bool tg_can_mark(const struct tg_packet *packet, __u32 slot)
{
	__u8 marks = tg_limit_of(slot)->marks;

	return (packet->traffic_class & TG_ECN_MASK) ||
	       (marks & (TG_MARK_DSCP | TG_MARK_FWMARK | TG_MARK_PRIORITY));
}

/*
 * Charges @packet to the limit in @slot, as far as @new_source allows, and notes in it whether the
 * limit marks or delays it. Returns enum tg_charge_outcome, never TG_CHARGE_AGAIN. A global
 * function, so that 64 limits cost the verifier no more than one.
 */
__noinline int tg_charge(struct tg_packet *packet, __u32 slot, __u32 new_source)
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
	request.cost = tg_cost(packet, slot);
	request.segments = packet->segments;
	request.new_source = tg_new_source_of(packet, new_source);
	request.now = tg_now(limit->rate.clock);
	tg_packet_key(&key, limit, packet);
	request.hash = tg_hash_of(&key);
	outcome = tg_charge_key(&key, &request);
	packet->inserted |= request.new_source == TG_NEW_ADMITTED;
	if (request.above && tg_can_mark(packet, slot))
		packet->marks |= 1ULL << slot;
	if (request.departure) {
		packet->delayed |= 1ULL << slot;
		if (request.departure > packet->departure)
			packet->departure = request.departure;
	}
	return outcome;
}

/*
 * Gives back once, against the state in @request. True if done, also when there is nothing to do.
 */
__noinline int tg_refund_try(struct tg_bucket *bucket, struct tg_charge_request *request)
{
	struct tg_bucket_snapshot snapshot = {};
	__u64 state, units, next;

	if (!bucket || !request)
		return true;
	state = request->state;
	if (tg_read_bucket(state, request, &snapshot))
		return true; /* a dead bucket is full */
	units = tg_units(snapshot.rate, request->cost);
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

/*
 * Returns the bucket that the key was or would be charged to, with its state in @request; NULL if
 * it has none.
 */
static __always_inline struct tg_bucket *tg_bucket_of(struct tg_bucket_key *key,
						      struct tg_charge_request *request)
{
	return request->overflow ? tg_overflow_bucket(key, request) : tg_find_bucket(key, request);
}

/*
 * Looks the bucket up and gives back once. True if done. A global function, because Linux 6.1
 * takes the loop for a jump back.
 */
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
	/* The counters are not atomic, so this one may be too low. */
	if (bucket->admitted >= request->segments)
		bucket->admitted -= request->segments;
	tg_share_refund(request);
	return true;
}

/*
 * Gives back what tg_charge() took for a packet that another limit then refused. 0, or -EBUSY:
 * tokens were lost.
 */
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
	request.cost = tg_cost(packet, slot);
	request.segments = packet->segments;
	request.now = tg_now(limit->rate.clock);
	if (tg_is_shared(slot) && tg_share_price(&request))
		return 0;
	tg_packet_key(&key, limit, packet);
	request.hash = tg_hash_of(&key);
	request.overflow = overflowed;
	for (try = 0; try < TG_CAS_TRIES; try++)
		if (tg_refund_once(&key, &request))
			return 0;
	return -EBUSY;
}

#endif
