// SPDX-License-Identifier: GPL-2.0-or-later
/* Where in the table buckets come to lie, are found, and go from: sets that are full, and places
 * given back. */
#include "places.h"
#include "reclaim_fixture.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define TABLE	"table: {size: 1024}\n"
#define LIMIT	"limits: [{name: l, capacity: 3, rate: 3/h}]"
#define CHAINED (TG_TABLE_CHAIN * TG_TABLE_WAYS)

static void advance(struct fixture *fixture, uint64_t ns)
{
	set_now(fixture, fixture->skeleton->bss->virtual_now[0] + ns);
}

/* One packet from each; how many pass. */
static int send_all(struct fixture *fixture, const uint32_t *addresses, int n)
{
	int i, passed = 0;

	for (i = 0; i < n; i++)
		passed += passes_of(fixture, addresses[i], 1);
	return passed;
}

/* How many have buckets, and that these have counted @admitted packets. */
static int with_bucket(struct fixture *fixture, const uint32_t *addresses, int n, uint64_t admitted)
{
	struct tg_bucket_key key;
	struct tg_bucket bucket;
	int i, found = 0;

	for (i = 0; i < n; i++) {
		key = key_of_address(fixture, addresses[i]);
		if (find_bucket(fixture, &key, &bucket) < 0)
			continue;
		found++;
		CHECK(bucket.admitted == admitted, "%x: %llu", addresses[i], bucket.admitted);
	}
	return found;
}

/* Sources that all fall to @set, more than have room in it and the next ones. */
static void fill_chain(uint32_t from_last)
{
	uint32_t addresses[CHAINED + 80], set;
	struct tg_limit_counters counters;
	FIXTURE f;
	int i;

	if (!fixture_open(&f, TABLE LIMIT))
		return;
	set = from_last ? f.compiled->policy.table.sets - from_last : 40;
	collide_in(&f, set, 0x0b000000, addresses, CHAINED + 80);
	CHECK(send_all(&f, addresses, CHAINED) == CHAINED, "all that have room");
	CHECK(check_places(&f) == CHAINED && with_bucket(&f, addresses, CHAINED, 1) == CHAINED);
	CHECK(send_all(&f, addresses + CHAINED, 80) == 80, "the rest shares");
	CHECK(check_places(&f) == CHAINED && with_bucket(&f, addresses, CHAINED + 80, 1) == CHAINED,
	      "and has no buckets");
	counters = limit_counters(&f, 0);
	CHECK(counters.created == CHAINED && counters.overflowed == 80 && counters.table_full == 0,
	      "%llu, %llu, and the table is not full: %llu", counters.created, counters.overflowed,
	      counters.table_full);
	for (i = 0; i < CHAINED; i++)
		CHECK(passes_of(&f, addresses[i], 9) == 2, "what is left of its own");
	CHECK(with_bucket(&f, addresses, CHAINED, 3) == CHAINED, "and of no other's");
	set_now(&f, 10000 * S);
	CHECK(reclaim(&f, 0) == CHAINED && check_places(&f) == 0 && sets_in_use(&f) == 0,
	      "all are taken out, and no set counts one that went by");
}

TEST(test_full_chain)
{
	fill_chain(0);
}

/* From the last sets it goes on at the first. */
TEST(test_full_chain_around)
{
	fill_chain(3);
}

/* Where one went by, it is found even when those before it have gone. */
TEST(test_found_behind_free_cells)
{
	uint32_t addresses[60];
	int i;
	FIXTURE f;

	if (!fixture_open(&f, TABLE "limits: [{name: l, capacity: 2, rate: 1/s}]"))
		return;
	collide_in(&f, 17, 0x0b000000, addresses, 60);
	for (i = 0; i < 60; i++)
		passes_of(&f, addresses[i], i < 50 ? 1 : 2);
	advance(&f, S + MS);
	CHECK(reclaim(&f, 0) == 50 && check_places(&f) == 10);
	CHECK(with_bucket(&f, addresses + 50, 10, 2) == 10, "in the fourth set, or so");
	for (i = 50; i < 60; i++)
		CHECK(passes_of(&f, addresses[i], 5) == 1, "they are in debt still");
	CHECK(check_places(&f) == 10, "none has a second bucket");
	CHECK(send_all(&f, addresses, 50) == 50 && check_places(&f) == 60);
	advance(&f, 10 * S);
	CHECK(reclaim(&f, 0) == 60 && check_places(&f) == 0 && sets_in_use(&f) == 0);
}

/* What is in one set and looks alike there. */
TEST(test_same_tag)
{
	uint32_t addresses[TG_TABLE_WAYS * 2], address = 0x0b000000;
	const struct tg_table *table;
	uint64_t hash, wanted;
	struct tg_bucket_key key;
	int found = 0, i;
	FIXTURE f;

	if (!fixture_open(&f, TABLE "limits: [{name: l, capacity: 40, rate: 1/h}]"))
		return;
	table = &f.compiled->policy.table;
	key = key_of_address(&f, address);
	wanted = tg_table_hash_of(table, &key);
	for (; found < TG_TABLE_WAYS * 2; address++) {
		key = key_of_address(&f, address);
		hash = tg_table_hash_of(table, &key);
		if (tg_table_set_of(table, hash) == tg_table_set_of(table, wanted) &&
		    tg_table_tag_of(hash) == tg_table_tag_of(wanted))
			addresses[found++] = address;
	}
	for (i = 0; i < found; i++)
		CHECK(passes_of(&f, addresses[i], i + 1) == i + 1);
	for (i = 0; i < found; i++)
		CHECK(with_bucket(&f, &addresses[i], 1, i + 1) == 1, "%d", i);
	CHECK(check_places(&f) == TG_TABLE_WAYS * 2);
	for (i = 0; i < found; i++)
		CHECK(passes_of(&f, addresses[i], 50) == 40 - i - 1, "%d", i);
}

/* With another's secrets, those that would fill a chain have room anywhere. */
TEST(test_secrets_of_another)
{
	uint32_t addresses[400];
	FIXTURE f, other;

	memset(&other, 0, sizeof(other));
	if (!fixture_open(&f, TABLE LIMIT))
		return;
	if (!fixture_open(&other, TABLE LIMIT))
		return;
	tg_table_design(&other.compiled->policy.table, 1024, (__u64[2]){124, 456});
	collide_in(&other, 40, 0x0b000000, addresses, 400);
	CHECK(send_all(&f, addresses, 400) == 400 && check_places(&f) == 400, "all have buckets");
	CHECK(with_bucket(&f, addresses, 400, 1) == 400 && limit_counters(&f, 0).overflowed == 0);
}

/* Whose hash is one and the same: 2^32 networks, to who knows the secrets. */
TEST(test_one_hash)
{
	struct tg_limit_counters counters;
	struct packet packet;
	uint64_t high;
	FIXTURE f;
	uint32_t i;
	int passed = 0;

	if (!fixture_open(&f, TABLE LIMIT))
		return;
	udp_from(&packet, "2001:db8::1", 9);
	for (i = 0; i < 1000; i++) {
		high = (uint64_t)-f.compiled->policy.table.secrets[1] << 32 | (i << 8 | 0x20);
		memcpy(packet.bytes + packet.l3 + 8, &high, sizeof(high));
		passed += run(&f, &packet, packet.length) == XDP_PASS;
	}
	counters = limit_counters(&f, 0);
	CHECK(counters.created == CHAINED && counters.overflowed == 1000 - CHAINED, "%llu",
	      counters.created);
	CHECK(passed == CHAINED + 3, "all others share one bucket: %d", passed);
	CHECK(check_places(&f) == CHAINED);
	CHECK(passes_of(&f, 0x0a000001, 9) == 3 && check_places(&f) == CHAINED + 1,
	      "someone else has a bucket: no harm done");
	advance(&f, 4000 * S);
	CHECK(reclaim(&f, 0) == CHAINED + 1 && sets_in_use(&f) == 0);
}

/* As while the sweep is at it: the packet is a new source's, and not refused until that is done. */
TEST(test_one_that_is_being_taken_out)
{
	const struct tg_bucket dead = {.state = TG_BUCKET_DEAD};
	struct tg_bucket_key key;
	struct tg_bucket bucket;
	FIXTURE f;

	if (!fixture_open(&f, TABLE LIMIT))
		return;
	CHECK(passes_of(&f, 0x0b000000, 1) == 1);
	store_bucket(&f, 0, &dead);
	CHECK(passes_of(&f, 0x0b000000, 5) == 3 && limit_counters(&f, 0).created == 2);
	key = key_of_address(&f, 0x0b000000);
	CHECK(find_bucket(&f, &key, &bucket) == 1 && bucket.admitted == 3, "in another place");
}

/* As while a program is at it: a place that no way names yet is not to be taken out. */
TEST(test_one_that_is_being_put_in)
{
	union tg_table_line line;
	struct tg_bucket_key key;
	uint32_t index;
	FIXTURE f;

	if (!fixture_open(&f, TABLE LIMIT))
		return;
	CHECK(passes_of(&f, 0x0b000000, 1) == 1);
	key = key_of_address(&f, 0x0b000000);
	index = TG_TABLE_FIRST_SET +
		tg_table_set_of(&f.compiled->policy.table,
				tg_table_hash_of(&f.compiled->policy.table, &key));
	bpf_map__lookup_elem(f.skeleton->maps.buckets, &index, 4, &line, sizeof(line), 0);
	memset(line.set.ways, 0, sizeof(line.set.ways));
	bpf_map__update_elem(f.skeleton->maps.buckets, &index, 4, &line, sizeof(line), BPF_ANY);
	advance(&f, 4000 * S);
	CHECK(reclaim(&f, 0) == 0);
}

/* To the last place, and then no further. */
TEST(test_small_tables)
{
	static const uint32_t sizes[] = {1, 2, 8, 9, 64, 1000};
	struct tg_limit_counters counters;
	uint32_t address, round, size;
	char yaml[128];
	size_t i;

	for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		FIXTURE f;

		size = sizes[i];
		snprintf(yaml, sizeof(yaml), "table: {size: %u}\n" LIMIT, size);
		if (!fixture_open(&f, yaml))
			return;
		for (round = 0; round < 3; round++) {
			for (address = 0; address < size + 50; address++)
				passes_of(&f, 0x0b000000 + round * 0x10000 + address, 1);
			counters = limit_counters(&f, 0);
			CHECK(counters.created == (round + 1) * size &&
				      counters.overflowed == (round + 1) * 50,
			      "%u places: %llu created, %llu share", size, counters.created,
			      counters.overflowed);
			CHECK(check_places(&f) == size, "%u", size);
			advance(&f, 4000 * S);
			CHECK(reclaim(&f, 0) == size && check_places(&f) == 0 &&
				      sets_in_use(&f) == 0,
			      "%u", size);
		}
	}
}

/* Some come, some go, in an order that is another each time; no place is lost. */
TEST(test_churn)
{
	uint32_t seed = 1, round, i, created = 0, gone = 0;
	FIXTURE f;

	if (!fixture_open(&f, "table: {size: 128}\nlimits: [{name: l, capacity: 8, rate: 1/s}]"))
		return;
	for (round = 0; round < 200; round++) {
		for (i = 0; i < 40; i++) {
			seed = seed * 1664525 + 1013904223;
			passes_of(&f, 0x0b000000 + (seed >> 16 & 1023), 1 + (seed >> 26 & 7));
		}
		advance(&f, 2 * S);
		gone += reclaim(&f, 0);
		created = limit_counters(&f, 0).created;
		CHECK(check_places(&f) == created - gone, "round %u", round);
	}
	CHECK(created > 128 * 10, "places have served many: %u", created);
	advance(&f, 100 * S);
	gone += reclaim(&f, 0);
	CHECK(gone == created && check_places(&f) == 0 && sets_in_use(&f) == 0);
	for (i = 0; i < 128; i++)
		passes_of(&f, 0x0c000000 + i, 1);
	CHECK(check_places(&f) == 128, "and all can be had again");
}

TEST_MAIN(RUN(test_full_chain), RUN(test_full_chain_around), RUN(test_found_behind_free_cells),
	  RUN(test_same_tag), RUN(test_secrets_of_another), RUN(test_one_hash),
	  RUN(test_one_that_is_being_taken_out), RUN(test_one_that_is_being_put_in),
	  RUN(test_small_tables), RUN(test_churn))
