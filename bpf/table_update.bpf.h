/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting buckets into the table and taking them out: see table.h. */
#ifndef TG_TABLE_UPDATE_BPF_H
#define TG_TABLE_UPDATE_BPF_H

#include "table.bpf.h"

#define TG_LOCK_TRIES 64 /* somebody is at work on the same set, and soon done */
#define TG_GIVE_TRIES 64 /* of one call; a sweep makes as many */

/* One that was given back, or -ENOSPC, or -EAGAIN: others are at it. */
static __always_inline int tg_table_entry_reuse(struct tg_table_head *head)
{
	struct tg_table_entry *entry;
	__u64 free;
	int try;

	for (try = 0; try < TG_CAS_TRIES; try++) {
		free = *(volatile __u64 *)&head->free;
		if (!(__u32)free)
			return -ENOSPC;
		entry = tg_table_entry_at((__u32)free - 1);
		if (!entry)
			return -ENOSPC;
		if (__sync_val_compare_and_swap(&head->free, free,
						((free >> 32) + 1) << 32 |
							(__u32)entry->key.address.high) == free)
			return (__u32)free - 1;
	}
	return -EAGAIN;
}

/* The number of an entry for a new bucket, or -errno. */
static __always_inline int tg_table_entry_take(void)
{
	union tg_table_line *line = tg_table_line_at(0);
	__u32 number;

	if (!line)
		return -ENOSPC;
	if (*(volatile __u32 *)&line->head.used < policy.table.size) {
		number = __sync_fetch_and_add(&line->head.used, 1);
		if (number < policy.table.size)
			return number;
	}
	return tg_table_entry_reuse(&line->head);
}

/* Stored behind all that was before. */
static __always_inline void tg_store_last(void *word, __u64 value)
{
#ifdef __TARGET_ARCH_x86 /* which stores in order, if only the compiler does */
	asm volatile("" ::: "memory");
	*(volatile __u64 *)word = value;
#else
	__sync_lock_test_and_set((__u64 *)word, value);
#endif
}

/* Nobody's any more. */
__noinline int tg_table_entry_free(__u32 number)
{
	union tg_table_line *line = tg_table_line_at(0);
	struct tg_table_entry *entry = tg_table_entry_at(number);
	__u64 free;
	int try;

	if (!line || !entry)
		return 0;
	__sync_lock_test_and_set(&entry->bucket.state, TG_BUCKET_DEAD);
	tg_store_last(&entry->key.limit_id, 0);
	for (try = 0; try < TG_GIVE_TRIES; try++) {
		free = *(volatile __u64 *)&line->head.free;
		entry->key.address.high = (__u32)free;
		if (__sync_val_compare_and_swap(&line->head.free, free,
						((free >> 32) + 1) << 32 | (number + 1)) == free)
			return 0;
	}
	return -EBUSY;
}

/* Whoever still looks at it for the key that was here finds another, or none yet. */
static __always_inline void tg_table_entry_fill(struct tg_table_entry *entry,
						const struct tg_bucket_key *key, __u64 state,
						__u64 admitted)
{
	volatile struct tg_bucket *bucket = &entry->bucket;

	bucket->admitted = admitted;
	bucket->exceeded = 0;
	bucket->exceeded_at = 0;
	bucket->penalty = 0;
	bucket->state = state;
	entry->key.address = key->address;
	tg_store_last(&entry->key.limit_id, tg_key_rest(key));
}

static __always_inline bool tg_way_swap(struct tg_table_set *set, __u32 index, __u32 from, __u32 to)
{
	__u32 *way = &set->ways[index];

	return *(volatile __u32 *)way == from && __sync_val_compare_and_swap(way, from, to) == from;
}

/* The first way @from of set @number becomes @to. 0, or -ENOENT. */
__noinline int tg_set_swap(__u32 number, __u32 from, __u32 to)
{
	struct tg_table_set *set = tg_set_at(number);
	int i;

	if (!set)
		return -ENOENT;
	for (i = 0; i < TG_TABLE_WAYS; i++)
		if (tg_way_swap(set, i, from, to))
			return 0;
	return -ENOENT;
}

/* One key more or less, of those that hash as @hash, has gone by the first @n sets. */
__noinline int tg_set_pass(__u64 hash, int n, __u32 passed)
{
	__u32 number = tg_table_set_of(&policy.table, hash);
	struct tg_table_set *set;
	int i;

	for (i = 0; i < n && i < TG_TABLE_CHAIN; i++) {
		set = tg_set_at(number);
		if (set)
			__sync_fetch_and_add(&set->use, passed);
		number = tg_next_set(number);
	}
	return 0;
}

/* Has @way, of a key that hashes as @hash, in the first set that has room. 0, or -ENOSPC. */
static __always_inline int tg_way_add(__u64 hash, __u32 way)
{
	__u32 number = tg_table_set_of(&policy.table, hash);
	struct tg_table_set *set = tg_set_at(number);
	int i;

	if (set && tg_way_swap(set, tg_table_way_of(hash, 1), 0, way))
		return 0;
	for (i = 0; i < TG_TABLE_CHAIN; i++) {
		set = tg_set_at(number);
		if (!set)
			return -ENOSPC;
		if (!tg_set_swap(number, 0, way))
			return 0;
		/* before it is further on, for who looks for it */
		__sync_fetch_and_add(&set->use, TG_SET_PASSED);
		number = tg_next_set(number);
	}
	tg_set_pass(hash, TG_TABLE_CHAIN, -TG_SET_PASSED);
	return -ENOSPC;
}

/* Whether the way is in any of them: from then on it can be taken out. */
__noinline int tg_way_is_in(__u64 hash, __u32 way)
{
	__u32 number = tg_table_set_of(&policy.table, hash);
	const volatile struct tg_table_set *set;
	int i, j;

	for (i = 0; i < TG_TABLE_CHAIN; i++) {
		set = tg_set_at(number);
		if (!set)
			return false;
		for (j = 0; j < TG_TABLE_WAYS; j++)
			if (set->ways[j] == way)
				return true;
		number = tg_next_set(number);
	}
	return false;
}

/* The other way round. 0, or -ENOENT. */
__noinline int tg_way_remove(__u64 hash, __u32 way)
{
	__u32 number = tg_table_set_of(&policy.table, hash);
	int i;

	for (i = 0; i < TG_TABLE_CHAIN; i++) {
		if (!tg_set_swap(number, way, 0)) {
			tg_set_pass(hash, i, -TG_SET_PASSED);
			return 0;
		}
		number = tg_next_set(number);
	}
	return -ENOENT;
}

static __always_inline bool tg_set_lock(struct tg_table_set *set)
{
	int try;

	for (try = 0; try < TG_LOCK_TRIES; try++)
		if (!(*(volatile __u32 *)&set->use & TG_SET_LOCKED) &&
		    !(__sync_fetch_and_or(&set->use, TG_SET_LOCKED) & TG_SET_LOCKED))
			return true;
	return false;
}

static __always_inline void tg_set_unlock(struct tg_table_set *set)
{
	__u32 use = __sync_fetch_and_and(&set->use, ~TG_SET_LOCKED);

	/* With a result that somebody wants, it is ordered behind what was done under the lock. */
	asm volatile("" ::"r"(use));
}

static __always_inline __u32 tg_way_make(__u64 hash, __u32 number)
{
	return tg_table_tag_of(hash) << TG_WAY_NUMBER_BITS | number;
}

static __always_inline int tg_table_add(struct tg_table_set *set, struct tg_bucket_key *key,
					__u64 hash, __u64 state, __u64 admitted)
{
	struct tg_table_entry *entry;
	__u32 way;
	int number;

	if (tg_table_search(key, hash))
		return -EEXIST;
	number = tg_table_entry_take();
	if (number < 0)
		return number;
	entry = tg_table_entry_at(number);
	if (!entry)
		return -ENOSPC;
	tg_table_entry_fill(entry, key, state, admitted);
	way = tg_way_make(hash, number);
	if (!tg_way_swap(set, tg_table_way_of(hash, 0), 0, way) && tg_way_add(hash, way)) {
		tg_table_entry_free(number);
		return -EBUSY; /* the table is not full, only these sets */
	}
	return number + 1;
}

/*
 * Puts a bucket in that has admitted so many packets: the number of its entry plus 1; -EEXIST:
 * another CPU was faster; -EAGAIN: others are at work there, whom this CPU may have interrupted,
 * and maybe on the same key; -ENOSPC: the table is full; -EBUSY: the sets where it could be are
 * full.
 */
__noinline int tg_table_insert(struct tg_bucket_key *key, __u64 hash, __u64 state, __u64 admitted)
{
	struct tg_table_set *set = tg_set_at(tg_table_set_of(&policy.table, hash));
	int result;

	if (!key || !set)
		return -ENOSPC;
	if (!tg_set_lock(set))
		return -EAGAIN;
	result = tg_table_add(set, key, hash, state, admitted);
	tg_set_unlock(set);
	return result;
}

/* Takes out a bucket whose state has just been made TG_BUCKET_DEAD. */
static __always_inline void tg_table_remove(const struct tg_bucket_key *key, __u32 number)
{
	struct tg_bucket_share *share = tg_share_of(number);
	__u64 hash = tg_hash_of(key);
	int try;

	tg_way_remove(hash, tg_way_make(hash, number));
	if (share && (share->taken || share->watched_at))
		*share = (struct tg_bucket_share){};
	for (try = 0; try < TG_GIVE_TRIES && tg_table_entry_free(number); try++)
		; /* or the entry would be lost */
}

#endif
