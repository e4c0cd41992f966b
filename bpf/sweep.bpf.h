/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Maintenance of the table, run by the daemon. The sweep walks all buckets, converts those of an
 * older rate and gives tokens back. Reclaiming takes out those of the named buckets that are not
 * needed. Both are programs, because only a program can change buckets by compare-and-swap while
 * packets flow. Reserving divides the table among the limits.
 */
#ifndef TG_SWEEP_BPF_H
#define TG_SWEEP_BPF_H

#include "charge.bpf.h"

static __always_inline bool tg_is_ipv4(const struct tg_address *address)
{
	return address->high == 0 && (address->low & bpf_cpu_to_be64(0xffffffff00000000ULL)) ==
					     bpf_cpu_to_be64(0xffff00000000ULL);
}

static __always_inline __u32 tg_sweep_per(const struct tg_sweep *sweep)
{
	return sweep->flags & TG_SWEEP_BY_NAME ? TG_PER_KEY : TG_PER_SOURCE;
}

static __always_inline bool tg_sweep_selects(const struct tg_sweep *sweep,
					     const struct tg_bucket_key *key)
{
	const struct tg_limit *limit = tg_limit_at(TG_LIMIT_SLOT(key->limit_id));
	struct tg_bucket_key wanted = {};

	if (!(sweep->flags & TG_SWEEP_RESET))
		return false;
	if ((sweep->flags & TG_SWEEP_BY_LIMIT) && key->limit_id != sweep->limit_id)
		return false;
	if (!(sweep->flags & (TG_SWEEP_BY_ADDRESS | TG_SWEEP_BY_NAME)))
		return true;
	tg_whole_key(&wanted, limit, &sweep->address, tg_is_ipv4(&sweep->address));
	return limit->per == tg_sweep_per(sweep) && key->address.high == wanted.address.high &&
	       key->address.low == wanted.address.low;
}

/* Converts or resets one bucket. A packet may change it in between, so it tries a few times. */
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
				bucket->penalty = 0;
			sweep->converted += from != to;
			sweep->reset += reset;
			return;
		}
	}
}

/*
 * True if the bucket has been full for long enough. The clocks are those of the start of the run,
 * so never ahead of a packet's.
 */
static __always_inline bool tg_sweep_is_idle(struct tg_sweep *sweep, const struct tg_bucket *bucket,
					     __u64 state, const struct tg_limit_record *record)
{
	__u32 version = tg_state_version(state);
	const struct tg_rate *rate;

	if (version >= TG_RATE_VERSIONS || version != record->version)
		return false;
	rate = &record->rates[version];
	return tg_gcra_idle(rate, state, sweep->now[rate->clock & 1],
			    sweep->idle[tg_source_age_of(bucket)]);
}

/* True during a penalty: such a bucket may be full and still refuses. */
static __always_inline bool tg_sweep_has_penalty(struct tg_sweep *sweep,
						 const struct tg_bucket *bucket,
						 const struct tg_limit_record *record)
{
	__u64 penalty = *(const volatile __u64 *)&bucket->penalty;
	__u32 version = record->version;

	return penalty && version < TG_RATE_VERSIONS &&
	       tg_penalty_until(penalty, TG_LIMIT_SLOT(record->id),
				sweep->now[record->rates[version].clock & 1]);
}

static __always_inline void tg_count_reclaimed(__u32 slot)
{
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &slot);

	if (counters)
		__sync_fetch_and_add(&counters->reclaimed, 1);
}

/* Takes out the bucket in entry @number, whose state is TG_BUCKET_DEAD already. */
static __always_inline void tg_sweep_take_out(struct tg_sweep *sweep, __u32 number,
					      const struct tg_bucket_key *key, bool counted)
{
	tg_table_remove(key, number);
	sweep->reclaimed++;
	if (counted)
		tg_count_reclaimed(TG_LIMIT_SLOT(key->limit_id));
}

/*
 * Makes the bucket dead if its state is still @state. False also for a bucket that no way leads to
 * yet: it is just being inserted. The entry then stays the key's until it is freed, because only
 * the daemon takes buckets out, one run at a time.
 */
static __always_inline bool tg_sweep_kill(struct tg_table_entry *entry, __u64 state,
					  struct tg_bucket_key *key, __u32 number)
{
	__u64 hash = tg_hash_of(key);

	if (!tg_way_is_in(hash, tg_way_make(hash, number)) ||
	    __sync_val_compare_and_swap(&entry->bucket.state, state, TG_BUCKET_DEAD) != state)
		return false;
	*key = entry->key;
	return true;
}

__noinline int tg_sweep_entry(struct tg_sweep *sweep, __u32 number)
{
	struct tg_table_entry *entry = tg_table_entry_at(number);
	struct tg_limit_record *record;
	struct tg_bucket_key key;
	struct tg_bucket *bucket;
	__u64 state, rest;

	if (!sweep || !entry || number >= policy.table.size)
		return 0;
	bucket = &entry->bucket;
	state = tg_read_state(bucket);
	entry = tg_table_entry_after(entry, state);
	rest = tg_read_rest(entry);
	if (!rest || state == TG_BUCKET_DEAD)
		return 0;
	key = tg_table_entry_after(entry, rest)->key;
	sweep->visited++;
	record = tg_record_of(sweep->bank, TG_LIMIT_SLOT(key.limit_id));
	if (!record)
		return 0;
	if (record->id != key.limit_id) {
		if ((sweep->flags & TG_SWEEP_FORGET) && tg_sweep_kill(entry, state, &key, number))
			tg_sweep_take_out(sweep, number, &key, key.limit_id == record->predecessor);
		return 0;
	}
	tg_sweep_state(sweep, bucket, record, tg_sweep_selects(sweep, &key));
	state = tg_read_state(bucket);
	if ((sweep->flags & TG_SWEEP_BY_LIMIT) && key.limit_id != sweep->limit_id)
		return 0;
	if ((sweep->flags & TG_SWEEP_RECLAIM) && tg_sweep_is_idle(sweep, bucket, state, record) &&
	    !tg_sweep_has_penalty(sweep, bucket, record) &&
	    tg_sweep_kill(entry, state, &key, number))
		tg_sweep_take_out(sweep, number, &key, true);
	return 0;
}

/* Returns how many entries have ever been taken: those below that number. */
static __always_inline __u32 tg_table_used(void)
{
	union tg_table_line *line = tg_table_line_at(0);
	__u32 used = line ? *(volatile __u32 *)&line->head.used : 0;

	return used < policy.table.size ? used : policy.table.size;
}

static long tg_sweep_candidate(__u64 index, struct tg_sweep *sweep)
{
	__u32 i = index, *candidate = bpf_map_lookup_elem(&candidates, &i);

	if (!candidate)
		return 1;
	tg_sweep_entry(sweep, *candidate);
	return 0;
}

/*
 * Selects the overflow bucket of the request's address, in limits that have no more than an
 * address in the key.
 */
static __always_inline bool tg_sweep_selects_overflow(const struct tg_sweep *sweep,
						      const struct tg_limit_record *record,
						      __u32 index)
{
	const struct tg_limit *limit = tg_limit_at(TG_LIMIT_SLOT(record->id));
	struct tg_bucket_key key = {};

	if (!(sweep->flags & TG_SWEEP_RESET))
		return false;
	if ((sweep->flags & TG_SWEEP_BY_LIMIT) && record->id != sweep->limit_id)
		return false;
	if (!(sweep->flags & (TG_SWEEP_BY_ADDRESS | TG_SWEEP_BY_NAME)))
		return true;
	if (limit->per != tg_sweep_per(sweep) || limit->per_port || limit->per_protocol)
		return false;
	tg_whole_key(&key, limit, &sweep->address, tg_is_ipv4(&sweep->address));
	key.limit_id = record->id; /* the records may be those of another generation */
	return index == tg_overflow_index(policy.hash_key, key.limit_id, tg_hash_of(&key));
}

__noinline int tg_sweep_overflow(struct tg_sweep *sweep, __u32 index)
{
	struct tg_bucket *bucket = bpf_map_lookup_elem(&overflow, &index);
	struct tg_limit_record *record;
	__u32 before;

	if (!sweep || !bucket)
		return 0;
	before = sweep->reset;
	record = tg_record_of(sweep->bank, index / TG_OVERFLOW_PER_LIMIT);
	if (!record || !record->name[0])
		return 0;
	tg_sweep_state(sweep, bucket, record, tg_sweep_selects_overflow(sweep, record, index));
	/* `reset` counts the buckets of sources alone; `converted` counts these too. */
	sweep->reset = before;
	return 0;
}

static long tg_sweep_number(__u64 index, struct tg_sweep *sweep)
{
	__u32 number = sweep->next + index;

	if (number < TG_OVERFLOW_BUCKETS)
		tg_sweep_overflow(sweep, number);
	else
		tg_sweep_entry(sweep, number - TG_OVERFLOW_BUCKETS);
	return 0;
}

/*
 * Makes one run of a sweep. Buckets that are made while a sweep goes on have the rate in force
 * already, so it does no harm that some of them take numbers that it has gone over. Nor does a
 * bucket ever change its number. Each run looks anew how many entries there are.
 */
static __always_inline void tg_sweep_run(struct tg_sweep *sweep)
{
	__u32 end = TG_OVERFLOW_BUCKETS + tg_table_used();
	__u32 left = sweep->next < end ? end - sweep->next : 0;
	__u32 n = left < sweep->count ? left : sweep->count;

	tg_read_clocks(sweep->now);
	bpf_loop(n, tg_sweep_number, sweep, 0);
	sweep->next += n;
	sweep->more = n < left;
}

/* Reserves for the limit in slot @index what the policy says; nothing if the slot is free. */
static long tg_room_reserve(__u64 index, void *context)
{
	union tg_table_line *head = tg_table_line_at(0);
	__u32 slot = index & (TG_LIMITS_MAX - 1);
	__u64 *quota = tg_quota_of(slot);

	if (!head || !quota)
		return 1;
	tg_quota_reserve(quota, &head->head.open, tg_limit_of(slot)->reserved);
	return 0;
}

#endif
