/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Debits of shared limits: charges buckets with what other nodes gave, and collects what they gave
 * here. The daemon runs it once or twice a tick, for all watched sources at once. It is a program
 * because only a program can change a bucket by compare-and-swap while packets flow. A debit is
 * charged when it is known and not with the next packet, so that refills pay for it from then on.
 */
#ifndef TG_DEBIT_BPF_H
#define TG_DEBIT_BPF_H

#include "charge.bpf.h"

/*
 * Returns the deficit after the debit. What would exceed an empty bucket by more than
 * @debit->most, or more than a state can hold, is dropped; debit->owed says how much was owed
 * before that.
 */
static __always_inline __u64 tg_debit_deficit(struct tg_debit *debit, const struct tg_rate *rate,
					      __u64 deficit)
{
	__u64 room = tg_units(rate, debit->most);
	__u64 units = tg_units(rate, debit->due);

	debit->owed = deficit + units > rate->capacity
			      ? (deficit + units - rate->capacity) >> (rate->scale & 63)
			      : 0;
	room = (room < rate->slack ? room : rate->slack) + rate->capacity;
	if (deficit >= room)
		return deficit;
	return units < room - deficit ? deficit + units : room;
}

/*
 * Charges the debit. False if the bucket cannot be read: it is being taken out, or is counted in
 * another rate, which the daemon converts before the next run. *@deficit: tokens missing before
 * the debit.
 */
static __always_inline bool tg_debit_charge(struct tg_debit *debit, struct tg_bucket *bucket,
					    const struct tg_charge_request *request, __u64 *deficit)
{
	const volatile struct tg_limit *limit = tg_limit_of(request->slot);
	const struct tg_rate *rate = (const struct tg_rate *)&limit->rate;
	__u64 clock = tg_gcra_clock(rate, request->now), state, units, next;
	int try;

	for (try = 0; try < TG_CAS_TRIES; try++) {
		/* The first try needs the state by which the bucket was found to be the key's. */
		state = try ? tg_read_state(bucket) : request->state;
		if (tg_state_version(state) != limit->version)
			return false;
		units = tg_gcra_deficit(rate, state, clock);
		*deficit = units >> (rate->scale & 63);
		if (!debit->due)
			return true;
		next = tg_gcra_state(tg_debit_deficit(debit, rate, units), clock, limit->version);
		if (__sync_val_compare_and_swap(&bucket->state, state, next) == state) {
			debit->due = 0;
			return true;
		}
	}
	return false;
}

/* Inserts a bucket for a source that only other nodes have seen, with the debit charged. */
static __always_inline void tg_debit_insert(struct tg_debit *debit,
					    const struct tg_charge_request *request)
{
	__u32 slot = request->slot & (TG_LIMITS_MAX - 1);
	const volatile struct tg_limit *limit = tg_limit_of(slot);
	const struct tg_rate *rate = (const struct tg_rate *)&limit->rate;
	struct tg_bucket_key key = debit->key;
	struct tg_bucket_share *share;
	__u64 state;
	int number;

	state = tg_gcra_state(tg_debit_deficit(debit, rate, 0), tg_gcra_clock(rate, request->now),
			      limit->version);
	number = tg_table_insert(&key, request->hash, state, 0);
	/*
	 * -EEXIST: a packet has just made the bucket, so the debit stays due. With no room in the
	 * table nothing is owed.
	 */
	if (number > 0 || number == -ENOSPC || number == -EBUSY)
		debit->due = 0;
	if (number <= 0)
		return;
	share = tg_share_of(number - 1);
	if (share)
		share->watched_at = request->now;
	tg_count_created(slot);
}

static __always_inline void tg_debit_bucket(struct tg_debit *debit, struct tg_bucket *bucket,
					    struct tg_charge_request *request)
{
	struct tg_bucket_share *share = tg_share_of(request->number);
	__u64 deficit = 0;
	__s64 taken;

	if (!share || !tg_debit_charge(debit, bucket, request, &deficit))
		return;
	taken = __sync_lock_test_and_set(&share->taken, 0);
	/* As in tg_share_count(). */
	if (request->now - share->watched_at >= TG_WATCHED_NS && taken > (__s64)deficit)
		taken = deficit;
	share->watched_at = request->now;
	debit->taken = taken;
}

static long tg_debit_one(__u64 index, struct tg_debit_batch *batch)
{
	__u32 i = index;
	struct tg_debit *debit = bpf_map_lookup_elem(&debits, &i);
	struct tg_charge_request request = {};
	struct tg_bucket_key key;
	struct tg_bucket *bucket;

	if (!debit)
		return 1;
	key = debit->key;
	request.slot = TG_LIMIT_SLOT(key.limit_id);
	debit->taken = 0;
	debit->owed = 0;
	if (tg_limit_of(request.slot)->id != key.limit_id)
		return 0;
	request.now = batch->now[tg_masked(tg_limit_of(request.slot)->rate.clock, TG_CLOCKS)];
	request.hash = tg_hash_of(&key);
	bucket = tg_find_bucket(&key, &request);
	if (bucket)
		tg_debit_bucket(debit, bucket, &request);
	else if (debit->due)
		tg_debit_insert(debit, &request);
	return 0;
}

#endif
