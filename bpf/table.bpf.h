/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds buckets in the table; <tidegate/table.h> describes its layout. The file that includes this
 * must define `policy.table`, which says how the table is laid out.
 */
#ifndef TG_TABLE_BPF_H
#define TG_TABLE_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <linux/bpf.h>
#include <linux/errno.h>
#include <bpf/bpf_helpers.h>
#include <tidegate/gcra.h>
#include <tidegate/table.h>

/*
 * Pinned. The table: packets insert and charge, the daemon's programs take out. A key that is not
 * found has a full bucket. BPF_F_MMAPABLE makes it begin on a page, so that each line is one cache
 * line.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, union tg_table_line);
} buckets SEC(".maps");

static __always_inline union tg_table_line *tg_table_line_at(__u32 index)
{
	return bpf_map_lookup_elem(&buckets, &index);
}

static __always_inline struct tg_table_entry *tg_table_entry_at(__u32 number)
{
	union tg_table_line *line = tg_table_line_at(policy.table.first_entry + number);

	return line ? &line->entry : NULL;
}

static __always_inline struct tg_table_set *tg_set_at(__u32 set)
{
	union tg_table_line *line = tg_table_line_at(TG_TABLE_FIRST_SET + set);

	return line ? &line->set : NULL;
}

static __always_inline __u32 tg_next_set(__u32 set)
{
	return set + 1 < policy.table.sets ? set + 1 : 0;
}

/*
 * Returns @entry, for loads that must come after the load of @word. By the kernel's memory model a
 * load whose address depends on a word is made after it.
 */
static __always_inline struct tg_table_entry *tg_table_entry_after(struct tg_table_entry *entry,
								   __u64 word)
{
#ifdef __TARGET_ARCH_x86 /* which loads in order, so this only stops the compiler */
	asm volatile("" : "+r"(entry), "+r"(word));
#else
	asm volatile("%[word] &= 0\n\t%[entry] += %[word]"
		     : [entry] "+r"(entry), [word] "+r"(word));
#endif
	return entry;
}

static __always_inline __u64 tg_hash_of(const struct tg_bucket_key *key)
{
	return tg_table_hash_of(&policy.table, key);
}

static __always_inline __u64 tg_read_rest(const struct tg_table_entry *entry)
{
	return *(const volatile __u64 *)&entry->key.limit_id;
}

/* Compares the last word first: once it is there, the others are. */
static __always_inline bool tg_is_key(struct tg_table_entry *entry, const struct tg_bucket_key *key)
{
	const volatile struct tg_address *address;
	__u64 rest = tg_read_rest(entry);

	if (rest != tg_key_rest(key))
		return false;
	address = &tg_table_entry_after(entry, rest)->key.address;
	return address->low == key->address.low && address->high == key->address.high;
}

/*
 * True if the entry is in use for @key. A dead entry does not count, because its key may have
 * another entry by now.
 */
static __always_inline bool tg_table_entry_is_of(__u32 number, const struct tg_bucket_key *key)
{
	struct tg_table_entry *entry = tg_table_entry_at(number);
	__u64 state;

	if (!entry)
		return false;
	state = *(const volatile __u64 *)&entry->bucket.state;
	return state != TG_BUCKET_DEAD && tg_is_key(tg_table_entry_after(entry, state), key);
}

/*
 * True if a way has the tag. Unrolled, because most keys that are looked up here have no bucket.
 */
static __always_inline bool tg_set_has(const volatile struct tg_table_set *set, __u32 tag)
{
	int i;

#pragma unroll
	for (i = 0; i < TG_TABLE_WAYS; i++)
		if (TG_WAY_TAG(set->ways[i]) == tag)
			return true;
	return false;
}

/*
 * Returns the number of the key's entry plus 1, from the ways of set @number, or 0. A global
 * function, like all that walk a set, so that the verifier walks it once and not for each set.
 */
__noinline __u32 tg_set_find(__u32 number, __u32 tag, struct tg_bucket_key *key)
{
	const volatile struct tg_table_set *set = tg_set_at(number);
	__u32 way;
	int i;

	if (!key || !set || !tg_set_has(set, tag))
		return 0;
	for (i = 0; i < TG_TABLE_WAYS; i++) {
		way = set->ways[i];
		if (TG_WAY_TAG(way) == tag && tg_table_entry_is_of(TG_WAY_NUMBER(way), key))
			return TG_WAY_NUMBER(way) + 1;
	}
	return 0;
}

/*
 * Returns the number of the key's entry plus 1, or 0. The entry may be another key's when it is
 * looked at.
 */
static __always_inline __u32 tg_table_search(struct tg_bucket_key *key, __u64 hash)
{
	__u32 number = tg_table_set_of(&policy.table, hash), tag = tg_table_tag_of(hash), found;
	const volatile struct tg_table_set *set;
	int i;

	for (i = 0; i < TG_TABLE_CHAIN; i++) {
		found = tg_set_find(number, tag, key);
		set = tg_set_at(number);
		if (found || !set || !TG_SET_PASSES(set->use))
			return found;
		number = tg_next_set(number);
	}
	return 0;
}

__noinline __u32 tg_table_chain(struct tg_bucket_key *key, __u64 hash)
{
	return key ? tg_table_search(key, hash) : 0;
}

/*
 * Returns the same. Fast miss: most keys of a spoofed flood match no tag in their set, so the
 * chain is not walked.
 */
static __always_inline __u32 tg_table_find(struct tg_bucket_key *key, __u64 hash)
{
	const volatile struct tg_table_set *set = tg_set_at(tg_table_set_of(&policy.table, hash));

	return set && (tg_set_has(set, tg_table_tag_of(hash)) || TG_SET_PASSES(set->use))
		       ? tg_table_chain(key, hash)
		       : 0;
}

/*
 * Returns the number of the entry plus 1 that the first or second way of the hash leads to, or 0.
 * The key is not compared yet.
 */
static __always_inline __u32 tg_table_find_first(__u64 hash)
{
	const volatile struct tg_table_set *set = tg_set_at(tg_table_set_of(&policy.table, hash));
	__u32 way;

	if (!set)
		return 0;
	way = set->ways[tg_table_way_of(hash, 0)];
	if (TG_WAY_TAG(way) != tg_table_tag_of(hash))
		way = set->ways[tg_table_way_of(hash, 1)];
	return TG_WAY_TAG(way) == tg_table_tag_of(hash) ? TG_WAY_NUMBER(way) + 1 : 0;
}

/* Returns what the bucket in entry @number has for a shared limit. */
static __always_inline struct tg_bucket_share *tg_share_of(__u32 number)
{
	union tg_table_line *line =
		tg_table_line_at(policy.table.first_share + number / TG_SHARES_PER_LINE);

	return line ? &line->shares[number % TG_SHARES_PER_LINE] : NULL;
}

#endif
