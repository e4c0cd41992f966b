/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finding buckets in the table: see table.h. Who includes this has in `policy.table` how it is laid
 * out.
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
 * Pinned. The table: programs insert and charge, the sweep takes out. A miss is a full bucket. That
 * it may be mapped has it begin on a page, and so each line of it in a cache line of its own.
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
	union tg_table_line *line = tg_table_line_at(1 + set);

	return line ? &line->set : NULL;
}

static __always_inline __u32 tg_next_set(__u32 set)
{
	return set + 1 < policy.table.sets ? set + 1 : 0;
}

/*
 * The entry, to be read behind @word, which was read from it: by the kernel's memory model an
 * address that depends on a word is followed after it.
 */
static __always_inline struct tg_table_entry *tg_table_entry_after(struct tg_table_entry *entry,
								   __u64 word)
{
#ifdef __TARGET_ARCH_x86 /* which loads in order, if only the compiler does */
	asm volatile("" : "+r"(entry), "+r"(word));
#else
	asm volatile("%[word] &= 0\n\t%[place] += %[word]"
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

/* The last word first: once it is there, so are the others. */
static __always_inline bool tg_is_key(struct tg_table_entry *entry, const struct tg_bucket_key *key)
{
	const volatile struct tg_address *address;
	__u64 rest = tg_read_rest(entry);

	if (rest != tg_key_rest(key))
		return false;
	address = &tg_table_entry_after(entry, rest)->key.address;
	return address->low == key->address.low && address->high == key->address.high;
}

/* And in use: what is dead will be taken out, and its key may have another entry by then. */
static __always_inline bool tg_table_entry_is_of(__u32 number, const struct tg_bucket_key *key)
{
	struct tg_table_entry *entry = tg_table_entry_at(number);
	__u64 state;

	if (!entry)
		return false;
	state = *(const volatile __u64 *)&entry->bucket.state;
	return state != TG_BUCKET_DEAD && tg_is_key(tg_table_entry_after(entry, state), key);
}

/* Unrolled, since most keys that are looked for here have no bucket. */
static __always_inline bool tg_set_has(const volatile struct tg_table_set *set, __u32 tag)
{
	int i;

#pragma unroll
	for (i = 0; i < TG_TABLE_WAYS; i++)
		if (TG_WAY_TAG(set->ways[i]) == tag)
			return true;
	return false;
}

/* The number of the entry, plus 1, that one of the ways of set @number leads to, or 0. Like others
 * that go by all ways it is a function of its own: the verifier walks it once, not for each set.
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

/* The number of the key's entry plus 1, or 0. It may be another's by the time it is looked at. */
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

/* Likewise. In a flood of new sources most hear of their set that it is none of theirs. */
static __always_inline __u32 tg_table_find(struct tg_bucket_key *key, __u64 hash)
{
	const volatile struct tg_table_set *set = tg_set_at(tg_table_set_of(&policy.table, hash));

	return set && (tg_set_has(set, tg_table_tag_of(hash)) || TG_SET_PASSES(set->use))
		       ? tg_table_chain(key, hash)
		       : 0;
}

/* The number of the entry, plus 1, that the first or the second way leads to which the hash
 * prefers, or 0: whose it is is still to be seen. */
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

/* Of the bucket in that entry. */
static __always_inline struct tg_bucket_share *tg_share_of(__u32 number)
{
	union tg_table_line *line =
		tg_table_line_at(policy.table.first_share + number / TG_SHARES_PER_LINE);

	return line ? &line->shares[number % TG_SHARES_PER_LINE] : NULL;
}

#endif
