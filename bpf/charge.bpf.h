/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet and a limit: charging its bucket, wherever that is, and giving back. */
#ifndef TG_CHARGE_BPF_H
#define TG_CHARGE_BPF_H

#include <tidegate/keyed_hash.h>
#include "newcomer.bpf.h"

static __always_inline __u64 tg_cost(const struct tg_packet *packet,
				     const volatile struct tg_limit *limit)
{
	return limit->unit == TG_UNIT_BYTES ? packet->bytes : packet->segments;
}

/* A source without a bucket of its own shares one. @crowded: for want of room. */
static __always_inline int tg_charge_overflow(struct tg_bucket_key *key, struct tg_demand *demand,
					      bool crowded)
{
	__u32 index = tg_overflow_index(policy.hash_key, key);
	struct tg_bucket *bucket = bpf_map_lookup_elem(&overflow, &index);
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &demand->slot);
	int try, outcome;

	if (!bucket)
		return TG_CHARGE_EXCEEDED;
	if (counters) {
		counters->overflowed++;
		counters->crowded += crowded;
	}
	demand->shared = true;
	outcome = tg_charge_plainly(bucket, tg_limit_at(demand->slot), demand);
	for (try = 0; try < TG_CAS_TRIES && outcome == TG_CHARGE_AGAIN; try++)
		outcome = tg_charge_bucket(bucket, demand);
	if (outcome == TG_CHARGE_AGAIN)
		return TG_CHARGE_CONTENDED;
	return outcome == TG_CHARGE_ADMITTED ? TG_CHARGE_ADMITTED_OVERFLOW : outcome;
}

/*
 * What tg_charge_plainly() leaves. @bucket: where it is, or NULL. After a lost race it is looked
 * up anew: the sweep may have given its memory away.
 */
static __always_inline int tg_charge_tries(struct tg_bucket_key *key, struct tg_demand *demand,
					   struct tg_bucket *bucket)
{
	int try, outcome;

	for (try = 0; try < TG_CAS_TRIES; try++) {
		outcome =
			bucket ? tg_charge_bucket(bucket, demand) : tg_charge_newcomer(key, demand);
		if (outcome == TG_CHARGE_KEPT_OUT || outcome == TG_CHARGE_CROWDED)
			return tg_charge_overflow(key, demand, outcome == TG_CHARGE_CROWDED);
		if (outcome != TG_CHARGE_AGAIN)
			return outcome;
		bucket = bpf_map_lookup_elem(&buckets, key);
	}
	return TG_CHARGE_CONTENDED;
}

static __always_inline int tg_charge_demand(struct tg_bucket_key *key, struct tg_demand *demand)
{
	struct tg_bucket *bucket = bpf_map_lookup_elem(&buckets, key);
	int outcome = TG_CHARGE_AGAIN;

	if (bucket)
		outcome = tg_charge_plainly(bucket, tg_limit_at(demand->slot), demand);
	return outcome == TG_CHARGE_AGAIN ? tg_charge_tries(key, demand, bucket) : outcome;
}

/* With what sharing the limit asks for, if it is shared. */
static __always_inline int tg_charge_key(struct tg_bucket_key *key, struct tg_demand *demand)
{
	int outcome;

	if (tg_is_shared(demand->slot) && tg_share_price(demand))
		return TG_CHARGE_ADMITTED;
	outcome = tg_charge_demand(key, demand);
	if (policy.shared && demand->report && outcome == TG_CHARGE_ADMITTED)
		tg_share_report(key, demand->report);
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
	const volatile struct tg_limit *limit;
	struct tg_bucket_key key = {};
	struct tg_demand demand = {};
	int outcome;

	slot &= TG_LIMITS_MAX - 1;
	if (!packet)
		return TG_CHARGE_EXCEEDED;
	limit = tg_limit_at(slot);
	demand.slot = slot;
	demand.cost = tg_cost(packet, limit);
	demand.segments = packet->segments;
	demand.now = tg_now(limit->rate.clock);
	tg_bucket_key_of(&key, limit, packet);
	outcome = tg_charge_key(&key, &demand);
	if (demand.above && tg_can_mark(packet, slot))
		packet->marks |= 1ULL << slot;
	if (demand.departure) {
		packet->delayed |= 1ULL << slot;
		if (demand.departure > packet->departure)
			packet->departure = demand.departure;
	}
	return outcome;
}

/* One try, and true if it is done with. See tg_charge_bucket(). */
__noinline int tg_refund_try(struct tg_bucket *bucket, struct tg_demand *demand)
{
	struct tg_reading reading = {};
	__u64 state, units, next;

	if (!bucket || !demand)
		return true;
	state = tg_read_state(bucket);
	if (tg_read_bucket(state, demand, &reading))
		return true; /* dead, so full */
	units = demand->cost << (reading.rate->scale & 63);
	reading.deficit = reading.deficit > units ? reading.deficit - units : 0;
	next = tg_gcra_state(reading.deficit, reading.clock, reading.version);
	return __sync_val_compare_and_swap(&bucket->state, state, next) == state;
}

/* Gives back what tg_charge() took for a packet that another limit then refused. */
__noinline int tg_refund(struct tg_packet *packet, __u32 slot, __u32 overflowed)
{
	const volatile struct tg_limit *limit;
	struct tg_bucket_key key = {};
	struct tg_demand demand = {};
	struct tg_bucket *bucket;
	__u32 index;
	int try;

	slot &= TG_LIMITS_MAX - 1;
	if (!packet)
		return 0;
	limit = tg_limit_at(slot);
	demand.slot = slot;
	demand.cost = tg_cost(packet, limit);
	demand.segments = packet->segments;
	demand.now = tg_now(limit->rate.clock);
	if (tg_is_shared(slot) && tg_share_price(&demand))
		return 0;
	tg_bucket_key_of(&key, limit, packet);
	index = tg_overflow_index(policy.hash_key, &key);
	for (try = 0; try < TG_CAS_TRIES; try++) {
		bucket = overflowed ? bpf_map_lookup_elem(&overflow, &index)
				    : bpf_map_lookup_elem(&buckets, &key);
		if (!bucket)
			return 0;
		if (tg_refund_try(bucket, &demand)) {
			/* Counted without a lock, so it may have fallen short. */
			if (bucket->admitted >= demand.segments)
				bucket->admitted -= demand.segments;
			if (tg_is_shared(slot) && demand.exchanged)
				__sync_fetch_and_add(&bucket->taken, -demand.cost);
			return 0;
		}
	}
	return -EBUSY;
}

#endif
