/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The walk over all buckets that the daemon asks for: converts those of an older rate,
 * takes out the full ones, gives tokens back. It runs in the kernel because only a
 * program can do these by compare-and-swap while packets flow.
 */
#ifndef TG_SWEEP_BPF_H
#define TG_SWEEP_BPF_H

#include "charge.bpf.h"

static __always_inline bool tg_sweep_selects(const struct tg_sweep *sweep,
					     const struct tg_bucket_key *key)
{
	const volatile struct tg_limit *limit = &policy.limits[TG_LIMIT_SLOT(key->limit_id)];
	bool is_ipv4 = sweep->address.high == 0 &&
		       (sweep->address.low & bpf_cpu_to_be64(0xffffffff00000000ULL)) ==
			       bpf_cpu_to_be64(0xffff00000000ULL);
	const volatile struct tg_address *mask = is_ipv4 ? &limit->mask4 : &limit->mask6;

	if (!(sweep->flags & TG_SWEEP_RESET))
		return false;
	if ((sweep->flags & TG_SWEEP_BY_LIMIT) && key->limit_id != sweep->limit_id)
		return false;
	if (!(sweep->flags & TG_SWEEP_BY_ADDRESS))
		return true;
	return limit->per == TG_PER_SOURCE &&
	       key->address.high == (sweep->address.high & mask->high) &&
	       key->address.low == (sweep->address.low & mask->low);
}

/* Converts or resets one bucket; packets in flight may get in between, so a few tries. */
static __always_inline void tg_sweep_state(struct tg_sweep *sweep, struct tg_bucket *bucket,
					   const struct tg_limit_record *record, bool reset)
{
	__u32 to = record->version, from;
	__u64 state, deficit, clock;
	const struct tg_rate *rate;
	int try;

	if (to >= TG_RATE_VERSIONS)
		return;
	for (try = 0; try < TG_CAS_TRIES; try++) {
		state = tg_read_state(bucket);
		from = tg_state_version(state);
		if (from >= TG_RATE_VERSIONS || (from == to && !reset))
			return;
		rate = &record->rates[from];
		clock = tg_gcra_clock(rate, sweep->now[rate->clock & 1]);
		deficit = reset ? 0 : tg_gcra_deficit(rate, state, clock);
		if (from != to)
			deficit = tg_convert_deficit(deficit, record->rates[to].capacity,
						     rate->capacity);
		rate = &record->rates[to];
		clock = tg_gcra_clock(rate, sweep->now[rate->clock & 1]);
		if (__sync_val_compare_and_swap(&bucket->state, state,
						tg_gcra_state(deficit, clock, to)) == state) {
			if (reset)
				bucket->closed = 0;
			sweep->converted += from != to;
			sweep->reset += reset;
			return;
		}
	}
}

/* By the caller's clock reading, which is never ahead of the one that a program takes. */
static __always_inline bool tg_sweep_is_full(struct tg_sweep *sweep, __u64 state,
					     const struct tg_limit_record *record)
{
	__u32 version = tg_state_version(state);
	const struct tg_rate *rate;

	if (version >= TG_RATE_VERSIONS || version != record->version)
		return false;
	rate = &record->rates[version];
	return tg_gcra_full(rate, state, tg_gcra_clock(rate, sweep->now[rate->clock & 1]));
}

/* It may have refilled and still refuse. */
static __always_inline bool tg_sweep_is_closed(struct tg_sweep *sweep,
					       const struct tg_bucket *bucket,
					       const struct tg_limit_record *record)
{
	__u64 closed = *(const volatile __u64 *)&bucket->closed;
	__u32 version = record->version;

	return closed && version < TG_RATE_VERSIONS &&
	       tg_closed_until(closed, TG_LIMIT_SLOT(record->id),
			       sweep->now[record->rates[version].clock & 1]);
}

static __always_inline void tg_sweep_take_out(struct tg_sweep *sweep, struct tg_bucket_key *key,
					      bool counted)
{
	__u32 slot = TG_LIMIT_SLOT(key->limit_id);
	struct tg_limit_counters *counters;
	struct tg_bucket_key copy = *key;

	if (bpf_map_delete_elem(&buckets, &copy))
		return;
	sweep->reclaimed++;
	counters = bpf_map_lookup_elem(&limit_counters, &slot);
	if (counters && counted)
		__sync_fetch_and_add(&counters->reclaimed, 1);
}

static long tg_sweep_bucket(void *map, struct tg_bucket_key *key, struct tg_bucket *bucket,
			    struct tg_sweep *sweep)
{
	__u32 slot = TG_LIMIT_SLOT(key->limit_id);
	struct tg_limit_record *record = tg_record_of(sweep->bank, slot);
	bool reclaim = sweep->flags & TG_SWEEP_RECLAIM;
	__u64 state;

	sweep->visited++;
	if (!record)
		return 0;
	if (record->id != key->limit_id) {
		if (reclaim) {
			__sync_lock_test_and_set(&bucket->state, TG_BUCKET_DEAD);
			tg_sweep_take_out(sweep, key, key->limit_id == record->predecessor);
		}
		return 0;
	}
	tg_sweep_state(sweep, bucket, record, tg_sweep_selects(sweep, key));
	state = tg_read_state(bucket);
	if (!reclaim || !tg_sweep_is_full(sweep, state, record) ||
	    tg_sweep_is_closed(sweep, bucket, record))
		return 0;
	if (__sync_val_compare_and_swap(&bucket->state, state, TG_BUCKET_DEAD) == state)
		tg_sweep_take_out(sweep, key, true);
	return 0;
}

static long tg_sweep_overflow(void *map, __u32 *index, struct tg_bucket *bucket,
			      struct tg_sweep *sweep)
{
	__u32 slot = *index / TG_OVERFLOW_PER_LIMIT;
	struct tg_limit_record *record = tg_record_of(sweep->bank, slot);
	__u32 flags = sweep->flags;
	bool reset = (flags & TG_SWEEP_RESET) && !(flags & TG_SWEEP_BY_ADDRESS);

	if (!record || !record->name[0])
		return 0;
	if ((flags & TG_SWEEP_BY_LIMIT) && record->id != sweep->limit_id)
		reset = false;
	tg_sweep_state(sweep, bucket, record, reset);
	return 0;
}

#endif
