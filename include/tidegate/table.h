/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of buckets, as it lies in the map `buckets`: an array of cache lines, so that a source
 * costs two of them, one that says where its bucket is and the bucket itself.
 *
 *	line 0          struct tg_table_head
 *	sets            struct tg_table_set, for each where the buckets are whose keys fall to it
 *	entries         struct tg_table_entry, one for each bucket that the table has room for
 *	shares          struct tg_bucket_share, four to a line, in the order of the entries
 *
 * Entries are taken in order, and then those that were given back, so that sources that come in
 *turn have theirs one after the other. A set holds 15 ways; a key that finds no free one in its own
 * set goes to the next, and up to TG_TABLE_CHAIN of them. There are nearly four ways for an entry.
 *
 * CPUs put keys in at the same time: who does takes the lock of the key's set, so that it is never
 * there twice; each way changes by compare-and-swap. An entry has its key and bucket before a way
 * leads to it. One that was given back may still be looked at: whoever charges it reads its state,
 * then compares the key, then swaps that state for another. What is taken out is TG_BUCKET_DEAD
 * first.
 */
#ifndef TIDEGATE_TABLE_H
#define TIDEGATE_TABLE_H

#include "abi.h"

#define TG_TABLE_WAYS	     15
#define TG_TABLE_CHAIN	     8 /* sets that a key may be in */
#define TG_TABLE_ENTRIES_MAX (1U << TG_WAY_NUMBER_BITS)
#define TG_SHARES_PER_LINE   4

/* A way: the number of an entry, below a byte of the hash that is not 0. A free one is 0. */
#define TG_WAY_NUMBER_BITS 24
#define TG_WAY_NUMBER(way) ((way) & ((1U << TG_WAY_NUMBER_BITS) - 1))
#define TG_WAY_TAG(way)	   ((way) >> TG_WAY_NUMBER_BITS)

/* Of `use`: a lock, of who puts a key in whose own set this is; the rest counts the keys that went
 * by as there was no room, and so may be in the next. */
#define TG_SET_LOCKED	   1U
#define TG_SET_PASSED	   2U
#define TG_SET_PASSES(use) ((use) >= TG_SET_PASSED)

struct tg_table_set {
	__u32 ways[TG_TABLE_WAYS];
	__u32 use;
};

/* Of a free entry the key's last word is 0, its first the number of the next, plus 1. */
struct tg_table_entry {
	struct tg_bucket_key key;
	struct tg_bucket bucket;
};

struct tg_table_head {
	__u64 free; /* the first free entry, plus 1 (0: none); above 32 bits, how often it changed
		     */
	__u32 used; /* entries that have been taken at some time: those below, in order */
	__u32 size; /* entries */
	__u64 pad[6];
};

union tg_table_line {
	struct tg_table_head head;
	struct tg_table_set set;
	struct tg_table_entry entry;
	struct tg_bucket_share shares[TG_SHARES_PER_LINE];
};

_Static_assert(sizeof(struct tg_table_set) == 64, "set");
_Static_assert(sizeof(struct tg_table_entry) == 64, "table entry");
_Static_assert(sizeof(struct tg_table_head) == 64, "table head");
_Static_assert(sizeof(union tg_table_line) == 64, "table line");

static inline void tg_table_lay_out(struct tg_table *table, __u32 size)
{
	table->size = size;
	table->sets = size / 4 + 1;
	table->first_entry = 1 + table->sets;
	table->first_share = table->first_entry + size;
	table->lines = table->first_share + (size + TG_SHARES_PER_LINE - 1) / TG_SHARES_PER_LINE;
}

/* The last eight bytes of a key: limit, port, protocol and kind. */
static inline __attribute__((always_inline)) __u64 tg_key_rest(const struct tg_bucket_key *key)
{
	__u64 rest;

	__builtin_memcpy(&rest, &key->limit_id, sizeof(rest));
	return rest;
}

static inline __attribute__((always_inline)) __u64 tg_table_product(const volatile __u32 key[2],
								    __u64 word)
{
	return (__u64)((__u32)word + key[0]) * (__u32)((__u32)(word >> 32) + key[1]);
}

/*
 * NH (Black, Halevi, Krawczyk, Krovetz and Rogaway, "UMAC", 1999): whatever two keys a sender
 * picks, they meet with a probability of 2^-32, over the secrets. Then a multiplication, so that
 * who learned that two do meet could not go on from there by adding the same difference again.
 * That is no SipHash, and need not be: see docs/table.md for what he would have of it.
 */
static inline __attribute__((always_inline)) __u64
tg_table_hash(const volatile struct tg_table *table, __u64 high, __u64 low, __u64 rest)
{
	__u64 hash = tg_table_product(&table->secrets[0], high) +
		     tg_table_product(&table->secrets[2], low) +
		     tg_table_product(&table->secrets[4], rest);

	hash ^= hash >> 32;
	return hash * table->factor;
}

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define TG_NEIGHBOUR_SHIFT 56
#else
#define TG_NEIGHBOUR_SHIFT 0
#endif
#define TG_NEIGHBOURS	  8	       /* addresses that differ in no more than the last bits */
#define TG_NEIGHBOUR_STEP 0x1200000ULL /* in those bits of the hash that pick a way and a tag */

/*
 * Neighbours fall to the same set, each with a first way and a tag of his own: who has an address
 * has the next ones at hand, and a set that is in the cache serves them all. They are too few to
 * fill one.
 */
static inline __attribute__((always_inline)) __u64
tg_table_hash_of(const volatile struct tg_table *table, const struct tg_bucket_key *key)
{
	__u64 bits = key->address.low & (TG_NEIGHBOURS - 1ULL) << TG_NEIGHBOUR_SHIFT;
	__u64 hash =
		tg_table_hash(table, key->address.high, key->address.low - bits, tg_key_rest(key));

	return hash ^ (bits >> TG_NEIGHBOUR_SHIFT) * TG_NEIGHBOUR_STEP;
}

static inline __attribute__((always_inline)) __u32
tg_table_set_of(const volatile struct tg_table *table, __u64 hash)
{
	return (hash >> 32) * table->sets >> 32;
}

#define TG_TABLE_CHOICES  2
#define TG_TABLE_WAY_STEP 17 /* of 256, as many as a way has: so to the next one */

/* Which way of the set is tried, first (@choice 0) and second. */
static inline __attribute__((always_inline)) __u32 tg_table_way_of(__u64 hash, __u32 choice)
{
	return (((hash >> 16) + choice * TG_TABLE_WAY_STEP) & 0xff) * TG_TABLE_WAYS >> 8;
}

static inline __attribute__((always_inline)) __u32 tg_table_tag_of(__u64 hash)
{
	return ((hash >> 24 & 0xff) * 255 >> 8) + 1;
}

#endif
