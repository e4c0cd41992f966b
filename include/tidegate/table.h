/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The table of buckets, as it lies in the map `buckets`: an array of cache lines. A source costs
 * two of them: a set, which says where its bucket is, and the entry with the bucket.
 *
 *	line 0     struct tg_table_head
 *	quotas     how many buckets each limit holds, and how many are reserved for it: quota.h
 *	sets       struct tg_table_set: which entries have the keys that hash to the set
 *	entries    struct tg_table_entry, one for each bucket that the table has room for
 *	shares     struct tg_bucket_share, four to a line, in the order of the entries
 *
 * Entries are taken in order, and after that from a free list, so that sources that come one after
 * the other lie side by side. A set has 15 ways, and there are nearly four ways for each entry. A
 * key that finds no free way in its own set goes to the next one, up to TG_TABLE_CHAIN sets.
 *
 * CPUs insert at the same time. Each takes the lock of the key's set, so that no key is in the
 * table twice, and changes a way by compare-and-swap. bpf/table_update.bpf.h describes the states
 * of an entry and the order of all steps.
 */
#ifndef TIDEGATE_TABLE_H
#define TIDEGATE_TABLE_H

#include "abi.h"
#include "quota.h"

#define TG_TABLE_WAYS	     15
#define TG_TABLE_CHAIN	     8 /* sets that a key may be in */
#define TG_TABLE_ENTRIES_MAX (1U << TG_WAY_NUMBER_BITS)
#define TG_SHARES_PER_LINE   4
#define TG_QUOTAS_PER_LINE   8
#define TG_TABLE_FIRST_QUOTA 1 /* lines */
#define TG_TABLE_FIRST_SET   (TG_TABLE_FIRST_QUOTA + TG_LIMITS_MAX / TG_QUOTAS_PER_LINE)

/*
 * A way: the number of an entry, and above it a tag of 8 bits of the hash that is never 0. A free
 * way is 0.
 */
#define TG_WAY_NUMBER_BITS 24
#define TG_WAY_NUMBER(way) ((way) & ((1U << TG_WAY_NUMBER_BITS) - 1))
#define TG_WAY_TAG(way)	   ((way) >> TG_WAY_NUMBER_BITS)

/*
 * A set's `use`: bit 0 is the lock for inserting keys of this set. The rest counts the keys that
 * found no room here and may be in the next set.
 */
#define TG_SET_LOCKED	   1U
#define TG_SET_PASSED	   2U
#define TG_SET_PASSES(use) ((use) >= TG_SET_PASSED)

struct tg_table_set {
	__u32 ways[TG_TABLE_WAYS];
	__u32 use;
};

/*
 * An entry. If free, the last word of its key is 0 and the first one is the number of the next
 * free entry plus 1.
 */
struct tg_table_entry {
	struct tg_bucket_key key;
	struct tg_bucket bucket;
};

struct tg_table_head {
	__u64 free; /* first free entry plus 1 (0: none); above 32 bits, a count of changes, against
		       ABA */
	__u32 used; /* entries taken at some time: those below this number */
	__u32 size; /* entries */
	__s64 open; /* entries that are free and reserved for no limit, see quota.h */
	__u64 pad[5];
};

union tg_table_line {
	struct tg_table_head head;
	__u64 quotas[TG_QUOTAS_PER_LINE]; /* by slot */
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
	table->first_entry = TG_TABLE_FIRST_SET + table->sets;
	table->first_share = table->first_entry + size;
	table->lines = table->first_share + (size + TG_SHARES_PER_LINE - 1) / TG_SHARES_PER_LINE;
}

/* Returns the last eight bytes of a key: limit, port, protocol and kind. */
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
 * NH (Black, Halevi, Krawczyk, Krovetz and Rogaway, "UMAC", 1999): any two keys that a sender
 * picks meet with a probability of 2^-32 over the secrets. The multiplication after it stops a
 * sender who found two such keys from making more by adding the same difference. docs/table.md
 * says what breaking this hash would give, and why SipHash is not needed.
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
#define TG_NEIGHBOURS	  8	       /* addresses that differ only in their last bits */
#define TG_NEIGHBOUR_STEP 0x1200000ULL /* in the bits that pick way and tag */

/*
 * Hashes a key. Neighbours fall to the same set, each with a first way and a tag of its own: who
 * has one address often has the next ones, and one set in the cache serves all of them. Eight
 * cannot fill a set.
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
#define TG_TABLE_WAY_STEP 17 /* of 256: a step to the next way */

/* Returns the way of the set to try first (@choice 0) or second (1). */
static inline __attribute__((always_inline)) __u32 tg_table_way_of(__u64 hash, __u32 choice)
{
	return (((hash >> 16) + choice * TG_TABLE_WAY_STEP) & 0xff) * TG_TABLE_WAYS >> 8;
}

static inline __attribute__((always_inline)) __u32 tg_table_tag_of(__u64 hash)
{
	return ((hash >> 24 & 0xff) * 255 >> 8) + 1;
}

#endif
