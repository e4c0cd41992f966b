/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Inserts buckets into the table and takes them out. <tidegate/table.h> describes the layout. The
 * states of an entry are told apart by whether a way leads to it, by the last word of its key
 * (`rest`) and by its bucket's state word:
 *
 *	         way  rest  bucket.state  next step: function, barrier
 *	FREE     no   0     DEAD, new: 0  tg_table_entry_take(): compare-and-swap of
 *	                                  head.free, or atomic addition to head.used
 *	FILLING  no   0,    any           tg_table_entry_fill(): bucket and address, then
 *	              then                `rest` by a store-release; tg_table_add():
 *	              key                 compare-and-swap of a free way to the entry
 *	LIVE     yes  key   in some rate  tg_sweep_kill(): compare-and-swap of bucket.state
 *	DEAD     yes  key   DEAD          tg_way_remove(): compare-and-swap of the way to 0;
 *	                                  tg_table_entry_free(): `rest` = 0 by a
 *	                                  store-release, compare-and-swap of head.free
 *	FREE     ...
 *
 * Any CPU may take FREE -> FILLING -> LIVE, under the lock of the set that the key hashes to, so
 * that no key is inserted twice. FILLING -> FREE happens if no way is free. Only the daemon's
 * programs, one run at a time, take LIVE -> DEAD -> FREE. A charge may change a LIVE bucket at any
 * time: it reads the state, compares the key, and swaps that state for the next. The swap fails
 * once the bucket is DEAD. A look-up may meet any step, and finds the key or misses it.
 */
#ifndef TG_TABLE_UPDATE_BPF_H
#define TG_TABLE_UPDATE_BPF_H

#include "quota.bpf.h"

#define TG_LOCK_TRIES 64 /* another CPU works on the same set, and not for long */
#define TG_GIVE_TRIES 64 /* of one call; tg_table_entry_release() makes as many calls */

/*
 * Pops an entry from the free list: its number, -ENOSPC if there is none, or -EAGAIN if other CPUs
 * were faster each time.
 */
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

/* Takes an entry for a new bucket: its number, or -errno. FREE -> FILLING. */
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

/* Stores a word after all stores before it (store-release). */
static __always_inline void tg_store_last(void *word, __u64 value)
{
#ifdef __TARGET_ARCH_x86 /* which stores in order, so this only stops the compiler */
	asm volatile("" ::: "memory");
	*(volatile __u64 *)word = value;
#else
	__sync_lock_test_and_set((__u64 *)word, value);
#endif
}

/*
 * Frees an entry: pushes it to the free list. 0, or -EBUSY if other CPUs were faster each time.
 * DEAD, or FILLING, -> FREE.
 */
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

/* Frees an entry for certain: it would be lost otherwise. */
static __always_inline void tg_table_entry_release(__u32 number)
{
	int try;

	for (try = 0; try < TG_GIVE_TRIES && tg_table_entry_free(number); try++)
		;
}

/* Fills an entry. A reader that still looks for its former key finds another key, or none. */
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

/* Swaps the first way of set @number that is @from to @to. 0, or -ENOENT if there is none. */
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

/*
 * Adds @passed to the first @n sets of keys that hash as @hash: one key more, or less, has gone by
 * them.
 */
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

/* Puts @way, of a key that hashes as @hash, into the first set with room. 0, or -ENOSPC. */
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
		/* counted before the way is set, so that a look-up goes on to the next set */
		__sync_fetch_and_add(&set->use, TG_SET_PASSED);
		number = tg_next_set(number);
	}
	tg_set_pass(hash, TG_TABLE_CHAIN, -TG_SET_PASSED);
	return -ENOSPC;
}

/* True if one of the sets has the way: from then on the entry can be taken out. */
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

/* Takes the way out of its set. 0, or -ENOENT. */
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

	/*
	 * The result is used, so that the instruction is ordered after what was done under the
	 * lock.
	 */
	asm volatile("" ::"r"(use));
}

static __always_inline __u32 tg_way_make(__u64 hash, __u32 number)
{
	return tg_table_tag_of(hash) << TG_WAY_NUMBER_BITS | number;
}

/* Puts the key into an entry and a way. Its limit has room for it. */
static __always_inline int tg_table_place(struct tg_table_set *set, struct tg_bucket_key *key,
					  __u64 hash, __u64 state, __u64 admitted)
{
	int number = tg_table_entry_take();
	struct tg_table_entry *entry;
	__u32 way;

	if (number < 0)
		return number;
	entry = tg_table_entry_at(number);
	if (!entry)
		return -ENOSPC;
	tg_table_entry_fill(entry, key, state, admitted);
	way = tg_way_make(hash, number);
	if (!tg_way_swap(set, tg_table_way_of(hash, 0), 0, way) && tg_way_add(hash, way)) {
		tg_table_entry_release(number);
		return -EBUSY; /* the table has room, but these sets have none */
	}
	return number + 1;
}

/*
 * Room is taken before the entry and given back after it, so that entries suffice for all that have
 * taken room.
 */
static __always_inline int tg_table_add(struct tg_table_set *set, struct tg_bucket_key *key,
					__u64 hash, __u64 state, __u64 admitted)
{
	int number;

	if (tg_table_search(key, hash))
		return -EEXIST;
	number = tg_room_take(TG_LIMIT_SLOT(key->limit_id));
	if (number)
		return number;
	number = tg_table_place(set, key, hash, state, admitted);
	if (number <= 0)
		tg_room_give(TG_LIMIT_SLOT(key->limit_id));
	return number;
}

/*
 * Inserts a bucket that has admitted @admitted packets. Returns the number of its entry plus 1, or
 * -EEXIST: another CPU inserted it; -EAGAIN: others work on the set or the free list, and
 * this CPU may have interrupted one of them; -ENOSPC: the table has no room for the key's limit;
 * -EBUSY: the key's sets are full.
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

	tg_way_remove(hash, tg_way_make(hash, number));
	if (share && (share->taken || share->watched_at))
		*share = (struct tg_bucket_share){};
	tg_table_entry_release(number);
	tg_room_give(TG_LIMIT_SLOT(key->limit_id));
}

#endif
