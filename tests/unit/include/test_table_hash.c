// SPDX-License-Identifier: GPL-2.0-or-later
/* Which sets keys fall to: as if at random, however alike they are, and whoever chooses them; but
 * for neighbours, which share one. */
#include <arpa/inet.h>
#include <endian.h>
#include <stdint.h>
#include <stdlib.h>
#include <tidegate/keyed_hash.h>
#include <tidegate/table.h>

#include "test.h"

#define SIZE	65536
#define SECRETS 12 /* for each kind of keys */

static uint64_t seed;

/* Marsaglia's xorshift64*, so that a run is like another. */
static uint64_t draw(void)
{
	seed ^= seed >> 12;
	seed ^= seed << 25;
	seed ^= seed >> 27;
	return seed * 0x2545f4914f6cdd1dULL;
}

static void design(struct tg_table *table)
{
	int i;

	tg_table_lay_out(table, SIZE);
	for (i = 0; i < 6; i++)
		table->secrets[i] = draw() >> 32;
	table->factor = draw() | 1;
}

static struct tg_bucket_key key_of4(uint32_t address)
{
	struct tg_bucket_key key = {.limit_id = 64};

	key.address.low = htobe64(0xffff00000000 | address);
	return key;
}

static struct tg_bucket_key key_of6(uint64_t high, uint64_t low)
{
	struct tg_bucket_key key = {.limit_id = 64};

	key.address.high = htobe64(0x2001000000000000 | high);
	key.address.low = htobe64(low);
	return key;
}

static struct tg_bucket_key consecutive(uint32_t i)
{
	return key_of4(0x0a000000 + i);
}

static struct tg_bucket_key one_per_24(uint32_t i)
{
	return key_of4(0x0a000000 + (i << 8));
}

static struct tg_bucket_key swapped(uint32_t i)
{
	return key_of4(__builtin_bswap32(i));
}

static struct tg_bucket_key halves_swapped(uint32_t i)
{
	return key_of4(i << 16 | i >> 16);
}

static struct tg_bucket_key hosts_of_nets(uint32_t i)
{
	return key_of4(0x0a000000 + (i & 255) + (i >> 8 << 10));
}

static struct tg_bucket_key networks6(uint32_t i)
{
	return key_of6(i, 0);
}

static struct tg_bucket_key sites6(uint32_t i)
{
	return key_of6((uint64_t)i << 16, 0);
}

static struct tg_bucket_key hosts6(uint32_t i)
{
	return key_of6(0, i);
}

static struct tg_bucket_key both6(uint32_t i)
{
	return key_of6((i >> 8 & 255) << 16, i & 255);
}

static struct tg_bucket_key ports(uint32_t i)
{
	struct tg_bucket_key key = key_of4(0x0a000001);

	key.port = htons(i);
	return key;
}

static struct tg_bucket_key ports_of_hosts(uint32_t i)
{
	struct tg_bucket_key key = key_of4(0x0a000000 + (i & 63));

	key.port = htons(i >> 6);
	key.protocol = i & 1 ? 6 : 17;
	return key;
}

static struct tg_bucket_key limits_of_hosts(uint32_t i)
{
	struct tg_bucket_key key = key_of4(0x0a000000 + (i >> 6));

	key.limit_id = 64 + (i & 63);
	return key;
}

static struct tg_bucket_key mixture(uint32_t i)
{
	static struct tg_bucket_key (*const kinds[])(uint32_t) = {
		consecutive, one_per_24, networks6, ports, hosts6, swapped, limits_of_hosts, both6};

	/* from where the kinds have no key in common */
	return kinds[i & 7](0x1000 + (i >> 3));
}

static const struct kind {
	const char *name;
	struct tg_bucket_key (*key)(uint32_t i);
} kinds[] = {
	{"consecutive", consecutive},
	{"one of each /24", one_per_24},
	{"first octets", swapped},
	{"halves swapped", halves_swapped},
	{"hosts of networks", hosts_of_nets},
	{"/64s", networks6},
	{"/48s", sites6},
	{"IPv6 hosts", hosts6},
	{"IPv6 networks and hosts", both6},
	{"ports", ports},
	{"ports and protocols of hosts", ports_of_hosts},
	{"limits of hosts", limits_of_hosts},
	{"mixture", mixture},
};

/* What a full table of keys did to the sets. */
struct fill {
	double squares; /* of how many keys have a set as their own: on average of the sets */
	int unplaced;
	int passes; /* sets gone by, all together */
	int chosen; /* keys that have one of the ways that they prefer */
};

static uint8_t own[SIZE], taken[SIZE], preferred[SIZE][TG_TABLE_WAYS];

static void place(const struct tg_table *table, uint64_t hash, struct fill *fill)
{
	uint32_t set = tg_table_set_of(table, hash), i;
	uint8_t *way = &preferred[set][tg_table_way_of(hash, 0)];

	own[set] += own[set] < 255;
	for (i = 1; i < TG_TABLE_CHOICES && *way; i++)
		way = &preferred[set][tg_table_way_of(hash, i)];
	fill->chosen += !*way;
	*way = 1;
	for (i = 0; i < TG_TABLE_CHAIN && taken[set] == TG_TABLE_WAYS; i++)
		set = (set + 1) % table->sets;
	fill->passes += i;
	taken[set] += i < TG_TABLE_CHAIN;
	fill->unplaced += i == TG_TABLE_CHAIN;
}

/* As good a hash as there is, of what neighbours have in common. */
static uint64_t at_random(const struct tg_bucket_key *key)
{
	static const __u64 secret[2] = {0x0123456789abcdef, 0xfedcba9876543210};
	uint64_t neighbour = be64toh(key->address.low) % TG_NEIGHBOURS;
	struct tg_bucket_key common = *key;

	common.address.low = htobe64(be64toh(key->address.low) - neighbour);
	common.port ^= key->limit_id; /* the hash leaves the limit out */
	return tg_key_hash(secret, &common) ^ neighbour * TG_NEIGHBOUR_STEP;
}

/* @random: by that hash instead of the table's. */
static struct fill fill_table(const struct tg_table *table, const struct kind *kind, bool random)
{
	struct fill fill = {};
	struct tg_bucket_key key;
	uint32_t i;

	memset(own, 0, sizeof(own));
	memset(taken, 0, sizeof(taken));
	memset(preferred, 0, sizeof(preferred));
	for (i = 0; i < SIZE; i++) {
		key = kind->key(i);
		place(table, random ? at_random(&key) : tg_table_hash_of(table, &key), &fill);
	}
	for (i = 0; i < table->sets; i++)
		fill.squares += (double)own[i] * own[i] / table->sets;
	return fill;
}

TEST(test_all_find_room)
{
	struct fill fill, random;
	struct tg_table table;
	size_t i;
	int n;

	seed = 1;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		design(&table);
		random = fill_table(&table, &kinds[i], true);
		for (n = 0; n < SECRETS; n++) {
			design(&table);
			fill = fill_table(&table, &kinds[i], false);
			CHECK(random.chosen > SIZE / 16 * 15, "%d in a cell tried first",
			      random.chosen);
			CHECK(fill.unplaced <= TG_NEIGHBOURS, "%s: %d of a full table find no cell",
			      kinds[i].name, fill.unplaced);
			CHECK(fill.squares < random.squares * 1.05, "%s: %.2f, at random %.2f",
			      kinds[i].name, fill.squares, random.squares);
			CHECK(fill.passes < random.passes * 1.3 + 100, "%s: %d, at random %d",
			      kinds[i].name, fill.passes, random.passes);
			CHECK(fill.chosen > random.chosen * 0.98, "%s: %d, at random %d",
			      kinds[i].name, fill.chosen, random.chosen);
		}
	}
}

static uint32_t set_of(const struct tg_table *table, const struct tg_bucket_key *key)
{
	return tg_table_set_of(table, tg_table_hash_of(table, key));
}

#define ALIKE 256

/* Sources that fall to one set and are no neighbours, found by who knows the secrets. */
static void collide(const struct tg_table *table, uint32_t *addresses, int n)
{
	struct tg_bucket_key key = key_of4(0x0b000000);
	uint32_t wanted = set_of(table, &key), address = 0x0b000000;
	int found = 0;

	for (; found < n; address += TG_NEIGHBOURS) {
		key = key_of4(address);
		if (set_of(table, &key) == wanted)
			addresses[found++] = address;
	}
}

/* How many pairs of ALIKE sources fall to one set; by chance 32,640 / 16,385 = 2. */
static int pairs(const struct tg_table *table, const uint32_t *addresses)
{
	struct tg_bucket_key key;
	int i, count = 0;

	memset(own, 0, sizeof(own));
	for (i = 0; i < ALIKE; i++) {
		key = key_of4(addresses[i]);
		count += own[set_of(table, &key)]++;
	}
	return count;
}

TEST(test_other_secrets)
{
	uint32_t addresses[ALIKE];
	struct tg_table table;
	int i, n, most = 0;

	seed = 2;
	design(&table);
	collide(&table, addresses, ALIKE);
	for (i = 0; i < 200; i++) {
		design(&table);
		n = pairs(&table, addresses);
		most = n > most ? n : most;
	}
	CHECK(most < 24, "%d pairs of those that meet elsewhere meet here", most);
}

/* A single word that differs changes everything. */
TEST(test_one_word_of_the_secrets)
{
	struct tg_table table, other;
	uint32_t addresses[ALIKE];
	struct tg_bucket_key key;
	int i, word, same;

	seed = 3;
	design(&table);
	collide(&table, addresses, ALIKE);
	for (word = 0; word < 2; word++) {
		other = table;
		if (word == 0)
			other.secrets[2]++;
		else
			other.factor += 2;
		for (i = same = 0; i < ALIKE; i++) {
			key = key_of4(addresses[i]);
			same += set_of(&other, &key) == set_of(&table, &key);
		}
		CHECK(same < 16 && pairs(&other, addresses) < 4000, "word %d: %d stay, %d pairs",
		      word, same, pairs(&other, addresses));
	}
}

/* With a factor of NH at 0, the other is of no account: 2^32 networks have one hash. */
static struct tg_bucket_key annihilated(const struct tg_table *table, uint32_t i)
{
	struct tg_bucket_key key = {.limit_id = 64};

	key.address.high = (uint64_t)-table->secrets[1] << 32 | i;
	return key;
}

TEST(test_annihilated_factor)
{
	struct tg_table table, other;
	struct tg_bucket_key key;
	int i, n, met, most = 0;

	seed = 4;
	design(&table);
	key = annihilated(&table, 7);
	for (i = met = 0; i < ALIKE; i++) {
		struct tg_bucket_key next = annihilated(&table, i);

		met += tg_table_hash_of(&table, &next) == tg_table_hash_of(&table, &key);
	}
	CHECK(met == ALIKE, "who knows the secrets has all in one: %d", met);
	for (n = 0; n < 200; n++) {
		design(&other);
		memset(own, 0, sizeof(own));
		for (i = met = 0; i < ALIKE; i++) {
			key = annihilated(&table, i);
			met += own[set_of(&other, &key)]++;
		}
		most = met > most ? met : most;
	}
	CHECK(most < 100, "elsewhere they do not meet: %d pairs", most);
}

/* No neighbours. */
static struct tg_bucket_key apart(uint32_t i)
{
	return key_of4(i * TG_NEIGHBOURS);
}

static struct tg_bucket_key apart6(uint32_t i)
{
	return key_of6(0, (uint64_t)i * TG_NEIGHBOURS);
}

/* Neighbours have one set, and in it ways and tags of their own. */
TEST(test_neighbours)
{
	struct tg_bucket_key key;
	struct tg_table table;
	uint32_t set = 0, ways, next = 0, i, n;
	uint64_t hash;

	seed = 6;
	for (n = 0; n < 1000; n++) {
		design(&table);
		for (i = ways = 0; i < TG_NEIGHBOURS; i++) {
			key = n & 1 ? key_of4(0x0a000010 + i) : key_of6(n, 0x10 + i);
			hash = tg_table_hash_of(&table, &key);
			set = i ? set : tg_table_set_of(&table, hash);
			CHECK(tg_table_set_of(&table, hash) == set, "neighbour %u", i);
			ways |= 1U << tg_table_way_of(hash, 0);
		}
		CHECK(__builtin_popcount(ways) == TG_NEIGHBOURS, "cells %x", ways);
		key = n & 1 ? key_of4(0x0a000018) : key_of6(n, 0x18);
		next += set_of(&table, &key) == set;
	}
	CHECK(next < 5, "nor have the next eight the same: %u of 1,000", next);
}

/* How far from the first key the next one is that falls to the same set. */
static uint32_t difference_of(const struct tg_table *table, const struct kind *kind, uint32_t first)
{
	struct tg_bucket_key key = kind->key(first);
	uint32_t set = set_of(table, &key), difference = 0;

	do
		key = kind->key(first + ++difference);
	while (set_of(table, &key) != set);
	return difference;
}

/* Of 4,096 pairs of keys with that difference: how many fall to one set. */
static int meet_again(const struct tg_table *table, const struct kind *kind, uint32_t difference)
{
	struct tg_bucket_key a, b;
	int i, met = 0;
	uint32_t one;

	for (i = 0; i < 4096; i++) {
		one = draw();
		a = kind->key(one);
		b = kind->key(one + difference);
		met += set_of(table, &a) == set_of(table, &b);
	}
	return met;
}

/*
 * He has seen two meet, and adds what they differ by to others. NH alone would have all of those
 * meet as well, and so would a multiplication of it, in one case of two.
 */
TEST(test_differences)
{
	static const struct kind alike[] = {{"IPv4, last octet first", swapped},
					    {"IPv4", apart},
					    {"networks", networks6},
					    {"hosts", apart6}};
	struct tg_table table;
	int n, met, most, all;
	size_t i;

	seed = 5;
	for (i = 0; i < sizeof(alike) / sizeof(alike[0]); i++) {
		for (n = most = all = 0; n < 200; n++) {
			design(&table);
			met = meet_again(&table, &alike[i],
					 difference_of(&table, &alike[i], draw()));
			all += met;
			most = met > most ? met : most;
		}
		/* by chance a quarter of a pair of each 4,096 */
		CHECK(most < 30 && all < 200, "%s: %d of 819,200 pairs meet, up to %d of 4,096",
		      alike[i].name, all, most);
	}
}

TEST_MAIN(RUN(test_all_find_room), RUN(test_neighbours), RUN(test_other_secrets),
	  RUN(test_one_word_of_the_secrets), RUN(test_annihilated_factor), RUN(test_differences))
