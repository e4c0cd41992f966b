/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding buckets in the table, putting them in and taking them out: see table.h. Who includes this
 * has in `policy.table` how it is laid out.
 */
#ifndef TG_TABLE_BPF_H
#define TG_TABLE_BPF_H

#include <linux/errno.h>
#include <tidegate/gcra.h>
#include <tidegate/table.h>

#define TG_LOCK_TRIES 64 /* somebody is at work on the same set, and soon done */
#define TG_GIVE_TRIES 64 /* of one call; a sweep makes as many */

/*
 * Kept. The table: programs insert and charge, the sweep takes out. A miss is a full bucket. That
 * it may be mapped has it begin on a page, and so each line of it in a cache line of its own.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, union tg_table_line);
} buckets SEC(".maps");

static __always_inline union tg_table_line *tg_table_line(__u32 index)
{
	return bpf_map_lookup_elem(&buckets, &index);
}

static __always_inline struct tg_table_place *tg_place_at(__u32 number)
{
	union tg_table_line *line = tg_table_line(policy.table.first_place + number);

	return line ? &line->place : NULL;
}

static __always_inline struct tg_table_set *tg_set_at(__u32 set)
{
	union tg_table_line *line = tg_table_line(1 + set);

	return line ? &line->set : NULL;
}

static __always_inline __u32 tg_next_set(__u32 set)
{
	return set + 1 < policy.table.sets ? set + 1 : 0;
}

/*
 * The place, to be read behind @word, which was read from it: by the kernel's memory model an
 * address that depends on a word is followed after it.
 */
static __always_inline struct tg_table_place *tg_place_behind(struct tg_table_place *place,
							      __u64 word)
{
#ifdef __TARGET_ARCH_x86 /* which loads in order, if only the compiler does */
	asm volatile("" : "+r"(place), "+r"(word));
#else
	asm volatile("%[word] &= 0\n\t%[place] += %[word]"
		     : [place] "+r"(place), [word] "+r"(word));
#endif
	return place;
}

static __always_inline __u64 tg_hash_of(const struct tg_bucket_key *key)
{
	return tg_table_hash_of(&policy.table, key);
}

static __always_inline __u64 tg_read_rest(const struct tg_table_place *place)
{
	return *(const volatile __u64 *)&place->key.limit_id;
}

/* The last word first: once it is there, so are the others. */
static __always_inline bool tg_is_key(struct tg_table_place *place, const struct tg_bucket_key *key)
{
	const volatile struct tg_address *address;
	__u64 rest = tg_read_rest(place);

	if (rest != tg_key_rest(key))
		return false;
	address = &tg_place_behind(place, rest)->key.address;
	return address->low == key->address.low && address->high == key->address.high;
}

/* And in use: what is dead will be taken out, and its key may have another place by then. */
static __always_inline bool tg_is_place_of(__u32 number, const struct tg_bucket_key *key)
{
	struct tg_table_place *place = tg_place_at(number);
	__u64 state;

	if (!place)
		return false;
	state = *(const volatile __u64 *)&place->bucket.state;
	return state != TG_BUCKET_DEAD && tg_is_key(tg_place_behind(place, state), key);
}

/* Unrolled, since most keys that are looked for here have no bucket. */
static __always_inline bool tg_set_has(const volatile struct tg_table_set *set, __u32 tag)
{
	int i;

#pragma unroll
	for (i = 0; i < TG_TABLE_CELLS; i++)
		if (TG_CELL_TAG(set->cells[i]) == tag)
			return true;
	return false;
}

static __always_inline __u32 tg_set_find(const volatile struct tg_table_set *set, __u32 tag,
					 const struct tg_bucket_key *key)
{
	__u32 cell;
	int i;

	for (i = 0; i < TG_TABLE_CELLS; i++) {
		cell = set->cells[i];
		if (TG_CELL_TAG(cell) == tag && tg_is_place_of(TG_CELL_NUMBER(cell), key))
			return TG_CELL_NUMBER(cell) + 1;
	}
	return 0;
}

/* False: the key has no bucket. Inline, since in a flood of new sources that is what most hear. */
static __always_inline bool tg_table_may_have(__u64 hash)
{
	const volatile struct tg_table_set *set = tg_set_at(tg_table_set_of(&policy.table, hash));

	return set && (tg_set_has(set, tg_table_tag_of(hash)) || TG_SET_PASSES(set->use));
}

/* The number of the key's place plus 1, or 0. It may be another's by the time it is looked at. */
__noinline __u32 tg_table_find(struct tg_bucket_key *key, __u64 hash)
{
	__u32 number = tg_table_set_of(&policy.table, hash), tag = tg_table_tag_of(hash), found;
	const volatile struct tg_table_set *set;
	int i;

	if (!key)
		return 0;
	for (i = 0; i < TG_TABLE_CHAIN; i++) {
		set = tg_set_at(number);
		if (!set)
			return 0;
		found = tg_set_has(set, tag) ? tg_set_find(set, tag, key) : 0;
		if (found || !TG_SET_PASSES(set->use))
			return found;
		number = tg_next_set(number);
	}
	return 0;
}

/* The number of the place, plus 1, that the first or the second cell leads to which the hash
 * prefers, or 0: whose it is is still to be seen. */
static __always_inline __u32 tg_table_find_first(__u64 hash)
{
	const volatile struct tg_table_set *set = tg_set_at(tg_table_set_of(&policy.table, hash));
	__u32 cell;

	if (!set)
		return 0;
	cell = set->cells[tg_table_cell_of(hash, 0)];
	if (TG_CELL_TAG(cell) != tg_table_tag_of(hash))
		cell = set->cells[tg_table_cell_of(hash, 1)];
	return TG_CELL_TAG(cell) == tg_table_tag_of(hash) ? TG_CELL_NUMBER(cell) + 1 : 0;
}

/* One that was given back, or -ENOSPC, or -EAGAIN: others are at it. */
static __always_inline int tg_place_reuse(struct tg_table_head *head)
{
	struct tg_table_place *place;
	__u64 free;
	int try;

	for (try = 0; try < TG_CAS_TRIES; try++) {
		free = *(volatile __u64 *)&head->free;
		if (!(__u32)free)
			return -ENOSPC;
		place = tg_place_at((__u32)free - 1);
		if (!place)
			return -ENOSPC;
		if (__sync_val_compare_and_swap(&head->free, free,
						((free >> 32) + 1) << 32 |
							(__u32)place->key.address.high) == free)
			return (__u32)free - 1;
	}
	return -EAGAIN;
}

/* The number of a place for a new bucket, or -errno. */
static __always_inline int tg_place_take(void)
{
	union tg_table_line *line = tg_table_line(0);
	__u32 number;

	if (!line)
		return -ENOSPC;
	if (*(volatile __u32 *)&line->head.used < policy.table.size) {
		number = __sync_fetch_and_add(&line->head.used, 1);
		if (number < policy.table.size)
			return number;
	}
	return tg_place_reuse(&line->head);
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
__noinline int tg_place_give(__u32 number)
{
	union tg_table_line *line = tg_table_line(0);
	struct tg_table_place *place = tg_place_at(number);
	__u64 free;
	int try;

	if (!line || !place)
		return 0;
	__sync_lock_test_and_set(&place->bucket.state, TG_BUCKET_DEAD);
	tg_store_last(&place->key.limit_id, 0);
	for (try = 0; try < TG_GIVE_TRIES; try++) {
		free = *(volatile __u64 *)&line->head.free;
		place->key.address.high = (__u32)free;
		if (__sync_val_compare_and_swap(&line->head.free, free,
						((free >> 32) + 1) << 32 | (number + 1)) == free)
			return 0;
	}
	return -EBUSY;
}

/* Whoever still looks at it for the key that was here finds another, or none yet. */
static __always_inline void tg_place_fill(struct tg_table_place *place,
					  const struct tg_bucket_key *key, __u64 state,
					  __u64 admitted)
{
	volatile struct tg_bucket *bucket = &place->bucket;

	bucket->admitted = admitted;
	bucket->exceeded = 0;
	bucket->exceeded_at = 0;
	bucket->closed = 0;
	bucket->state = state;
	place->key.address = key->address;
	tg_store_last(&place->key.limit_id, tg_key_rest(key));
}

static __always_inline bool tg_cell_swap(struct tg_table_set *set, __u32 index, __u32 from,
					 __u32 to)
{
	__u32 *cell = &set->cells[index];

	return *(volatile __u32 *)cell == from &&
	       __sync_val_compare_and_swap(cell, from, to) == from;
}

/* The first cell @from of a set becomes @to. 0, or -ENOENT. */
static __always_inline int tg_set_swap(struct tg_table_set *set, __u32 from, __u32 to)
{
	int i;

	for (i = 0; i < TG_TABLE_CELLS; i++)
		if (tg_cell_swap(set, i, from, to))
			return 0;
	return -ENOENT;
}

/* One key more or less, of those that hash as @hash, has gone by the first @n sets. */
static __always_inline void tg_set_pass(__u64 hash, int n, __u32 passed)
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
}

/* Has @cell, of a key that hashes as @hash, in the first set that has room. 0, or -ENOSPC. */
__noinline int tg_cell_add(__u64 hash, __u32 cell)
{
	__u32 number = tg_table_set_of(&policy.table, hash);
	struct tg_table_set *set = tg_set_at(number);
	int i;

	if (set && tg_cell_swap(set, tg_table_cell_of(hash, 1), 0, cell))
		return 0;
	for (i = 0; i < TG_TABLE_CHAIN; i++) {
		set = tg_set_at(number);
		if (!set)
			return -ENOSPC;
		if (!tg_set_swap(set, 0, cell))
			return 0;
		/* before it is further on, for who looks for it */
		__sync_fetch_and_add(&set->use, TG_SET_PASSED);
		number = tg_next_set(number);
	}
	tg_set_pass(hash, TG_TABLE_CHAIN, -TG_SET_PASSED);
	return -ENOSPC;
}

/* Whether the cell is in any of them: from then on it can be taken out. */
__noinline int tg_cell_is_in(__u64 hash, __u32 cell)
{
	__u32 number = tg_table_set_of(&policy.table, hash);
	const volatile struct tg_table_set *set;
	int i, j;

	for (i = 0; i < TG_TABLE_CHAIN; i++) {
		set = tg_set_at(number);
		if (!set)
			return false;
		for (j = 0; j < TG_TABLE_CELLS; j++)
			if (set->cells[j] == cell)
				return true;
		number = tg_next_set(number);
	}
	return false;
}

/* The other way round. 0, or -ENOENT. */
__noinline int tg_cell_remove(__u64 hash, __u32 cell)
{
	__u32 number = tg_table_set_of(&policy.table, hash);
	struct tg_table_set *set;
	int i;

	for (i = 0; i < TG_TABLE_CHAIN; i++) {
		set = tg_set_at(number);
		if (!set)
			return -ENOENT;
		if (!tg_set_swap(set, cell, 0)) {
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

static __always_inline __u32 tg_cell_make(__u64 hash, __u32 number)
{
	return tg_table_tag_of(hash) << TG_CELL_NUMBER_BITS | number;
}

static __always_inline int tg_table_place(struct tg_table_set *set, struct tg_bucket_key *key,
					  __u64 hash, __u64 state, __u64 admitted)
{
	struct tg_table_place *place;
	__u32 cell;
	int number;

	if (tg_table_may_have(hash) && tg_table_find(key, hash))
		return -EEXIST;
	number = tg_place_take();
	if (number < 0)
		return number;
	place = tg_place_at(number);
	if (!place)
		return -ENOSPC;
	tg_place_fill(place, key, state, admitted);
	cell = tg_cell_make(hash, number);
	if (!tg_cell_swap(set, tg_table_cell_of(hash, 0), 0, cell) && tg_cell_add(hash, cell)) {
		tg_place_give(number);
		return -EBUSY; /* the table is not full, only these sets */
	}
	return number + 1;
}

/*
 * Puts a bucket in that has admitted so many packets: the number of its place plus 1; -EEXIST:
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
	result = tg_table_place(set, key, hash, state, admitted);
	tg_set_unlock(set);
	return result;
}

/* Of the bucket in that place. */
static __always_inline struct tg_bucket_share *tg_share_of(__u32 number)
{
	union tg_table_line *line =
		tg_table_line(policy.table.first_share + number / TG_SHARES_PER_LINE);

	return line ? &line->shares[number % TG_SHARES_PER_LINE] : NULL;
}

/* Takes out a bucket whose state has just been made TG_BUCKET_DEAD. */
static __always_inline void tg_table_remove(const struct tg_bucket_key *key, __u32 number)
{
	struct tg_bucket_share *share = tg_share_of(number);
	__u64 hash = tg_hash_of(key);
	int try;

	tg_cell_remove(hash, tg_cell_make(hash, number));
	if (share && (share->taken || share->watched_at))
		*share = (struct tg_bucket_share){};
	for (try = 0; try < TG_GIVE_TRIES && tg_place_give(number); try++)
		; /* or the place would be lost */
}

#endif
