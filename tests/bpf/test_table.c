// SPDX-License-Identifier: GPL-2.0-or-later
/* The table under floods of spoofed sources, as virtual time goes by. */
#include <pthread.h>
#include <tidegate/keyed_hash.h>

#include "flood.h"
#include "reclaim_fixture.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define TABLE "table: {size: 1024}\n"
#define KNOWN "192.0.2.1"

static uint64_t in_table(struct fixture *fixture)
{
	struct tg_limit_counters counters = limit_counters(fixture, 0);

	return counters.created - counters.reclaimed;
}

TEST(test_debt_is_kept)
{
	FIXTURE f;
	int second;

	if (!fixture_open(&f, TABLE "limits: [{name: l, capacity: 5, rate: 1/m}]"))
		return;
	CHECK(passes(&f, KNOWN, 1, 50) == 5, "its burst");
	for (second = 1; second <= 50; second++) {
		flood(&f, second * 2048, 2048);
		set_now(&f, (1000 + second) * S);
		reclaim(&f, 0);
	}
	CHECK(passes(&f, KNOWN, 1, 50) == 0, "still owing after 100 tables of new sources");
	set_now(&f, 1060 * S + MS);
	CHECK(passes(&f, KNOWN, 1, 50) == 1, "what a minute is worth");
}

/* One packet a second: its bucket is full again long before the next, and so worth nothing. */
TEST(test_known_loses_nothing)
{
	int second, known = 0;
	FIXTURE f;

	if (!fixture_open(&f, TABLE "limits: [{name: l, capacity: 10, rate: 10/s}]"))
		return;
	CHECK(passes(&f, KNOWN, 1, 2) == 2, "how it became known");
	for (second = 1; second <= 50; second++) {
		set_now(&f, (1000 + second) * S);
		reclaim(&f, 10 * S);
		flood(&f, second * 2048, 2048);
		known += passes(&f, KNOWN, 1, 1);
	}
	CHECK(known == 50, "%d of 50 passed", known);
	CHECK(passes(&f, KNOWN, 1, 50) == 9, "from a bucket of its own");
	set_now(&f, 1100 * S);
	CHECK(reclaim(&f, 10 * S) >= 1024 && in_table(&f) == 0, "quiet for long, it goes: %llu",
	      (unsigned long long)in_table(&f));
}

/* Three minutes of a flood; how many packets pass of a source that sends 20 a minute. */
static int known_among_others(const char *limits)
{
	int second, known = 0;
	FIXTURE f;

	if (!fixture_open(&f, limits))
		return 0;
	passes(&f, KNOWN, 1, 2);
	for (second = 1; second <= 180; second++) {
		set_now(&f, (1000 + second) * S);
		reclaim(&f, 10 * S);
		flood(&f, second * 1500, 1500);
		if (second % 3 == 0)
			known += passes(&f, KNOWN, 1, 1);
	}
	return known;
}

/* All stepped buckets are full at the same moment, but they have not been so for long. */
TEST(test_known_over_refills)
{
	int stepped = known_among_others(TABLE "limits: [{name: l, capacity: 60, "
					       "refill_amount: 60, refill_interval: 1m}]"),
	    continuous = known_among_others(TABLE "limits: [{name: l, capacity: 60, rate: 60/m}]");

	CHECK(stepped == 60, "%d of 60 passed, stepped", stepped);
	CHECK(continuous == 60, "%d of 60 passed, continuous", continuous);
}

/* A bucket that refills at 1020 s goes 10 s later, and not before. */
TEST(test_stepped_idle)
{
	FIXTURE f;

	if (!fixture_open(&f, TABLE "limits: [{name: l, capacity: 60, "
				    "refill_amount: 60, refill_interval: 1m}]"))
		return;
	set_now(&f, 1020 * S - 100 * MS);
	CHECK(passes(&f, KNOWN, 1, 5) == 5, "known");
	set_now(&f, 1020 * S + 4 * MS);
	CHECK(reclaim(&f, 10 * S) == 0, "full for 4 ms");
	set_now(&f, 1030 * S - 1);
	CHECK(reclaim(&f, 10 * S) == 0, "full for nearly 10 s");
	set_now(&f, 1030 * S);
	CHECK(reclaim(&f, 10 * S) == 1, "full for 10 s");
}

/* Sources that come twice are known as well: then it is who has been quiet for longer. */
TEST(test_seen_twice)
{
	int second, known = 0;
	FIXTURE f;

	if (!fixture_open(&f, TABLE "limits: [{name: l, capacity: 10, rate: 10/s}]"))
		return;
	CHECK(passes(&f, KNOWN, 1, 2) == 2, "how it became known");
	for (second = 1; second <= 25; second++) {
		set_now(&f, (1000 + second) * S);
		reclaim(&f, 10 * S);
		flood(&f, second * 2048, 2048);
		flood(&f, second * 2048, 2048);
		known += passes(&f, KNOWN, 1, 1);
	}
	CHECK(known == 25, "%d of 25 passed", known);
	CHECK(in_table(&f) >= 1000, "and the table is full of others");
}

TEST(test_spoofed_are_bounded)
{
	struct tg_limit_counters counters;
	int second, passed = 0;
	FIXTURE f;

	if (!fixture_open(&f, "table: {size: 16384}\nlimits: [{name: l, capacity: 2, rate: 1/s, "
			      "new_sources: {rate: 100/s, burst: 500}}]"))
		return;
	CHECK(passes(&f, KNOWN, 1, 1) == 1, "known from before");
	for (second = 1; second <= 10; second++) {
		passed += flood(&f, second * 10000, 10000);
		set_now(&f, (1000 + second) * S + MS);
	}
	counters = limit_counters(&f, 0);
	CHECK(counters.created == 500 + 9 * 100, "%llu got a bucket", counters.created);
	CHECK(counters.overflowed == 100000 - counters.created + 1 && counters.table_full == 0,
	      "%llu did not", counters.overflowed);
	/* one packet each of those let in; and what 1,024 buckets hold at first and get in 9 s */
	CHECK(passed <= 500 + 900 + TG_OVERFLOW_PER_LIMIT * (2 + 9), "%d passed", passed);
	CHECK(passed >= 500 + 900 + TG_OVERFLOW_PER_LIMIT * (2 + 9) * 9 / 10, "%d passed", passed);
	CHECK(passes(&f, KNOWN, 1, 9) == 2, "the known source has what is its own");
	flood(&f, 900000, 1000);
	CHECK(passes(&f, "198.51.100.7", 1, 9) < 2, "one that comes in the flood shares");
	set_now(&f, 1020 * S);
	CHECK(passes(&f, "198.51.100.7", 1, 9) == 2 && in_table(&f) == 500 + 10 * 100 + 1,
	      "after it, its own: %llu", (unsigned long long)in_table(&f));
}

/* A clock that went back must not keep new sources out until it has caught up. */
TEST(test_admission_clock_back)
{
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 1, rate: 1/s, "
			      "new_sources: {rate: 10/s, burst: 20}}]"))
		return;
	flood(&f, 1, 100);
	CHECK(in_table(&f) == 20, "%llu", (unsigned long long)in_table(&f));
	set_now(&f, 500 * S);
	flood(&f, 1000, 100);
	CHECK(in_table(&f) == 20, "nothing for going back");
	set_now(&f, 501 * S + MS);
	flood(&f, 2000, 100);
	CHECK(in_table(&f) == 30, "a second is worth what it is: %llu",
	      (unsigned long long)in_table(&f));
}

struct intruder {
	struct fixture *fixture;
	uint32_t first;
};

static void *intrude(void *data)
{
	const struct intruder *intruder = data;

	flood(intruder->fixture, intruder->first, 30000);
	return NULL;
}

TEST(test_gate_threads)
{
	struct intruder intruders[4];
	pthread_t threads[4];
	FIXTURE f;
	int i;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 1, rate: 1/s, "
			      "new_sources: {rate: 2/h, burst: 50000}}]"))
		return;
	for (i = 0; i < 4; i++) {
		intruders[i] = (struct intruder){&f, i * 30000};
		pthread_create(&threads[i], NULL, intrude, &intruders[i]);
	}
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	CHECK(in_table(&f) == 50000, "%llu let in, on several CPUs as on one",
	      (unsigned long long)in_table(&f));
}

TEST(test_full_and_free_again)
{
	struct tg_limit_counters before, after;
	FIXTURE f;

	if (!fixture_open(&f, TABLE "limits: [{name: l, capacity: 1, rate: 10/s}]"))
		return;
	flood(&f, 0, 3000);
	before = limit_counters(&f, 0);
	CHECK(before.table_full == before.overflowed && before.table_full == 3000 - before.created,
	      "%llu found it full", before.table_full);
	set_now(&f, 1001 * S);
	CHECK(reclaim(&f, 0) == before.created, "all are full again");
	flood(&f, 5000, 100);
	after = limit_counters(&f, 0);
	CHECK(after.created == before.created + 100 && after.table_full == before.table_full,
	      "room for the next: %llu", after.created - before.created);
}

static void lock_sets(struct fixture *fixture, bool locked)
{
	union tg_table_line line;
	uint32_t i;

	for (i = 1; i <= fixture->compiled->policy.table.sets; i++) {
		bpf_map__lookup_elem(fixture->skeleton->maps.buckets, &i, 4, &line, sizeof(line),
				     0);
		line.set.use = (line.set.use & ~TG_SET_LOCKED) | locked;
		bpf_map__update_elem(fixture->skeleton->maps.buckets, &i, 4, &line, sizeof(line),
				     BPF_ANY);
	}
}

/* While who inserts has been preempted, other new sources share, and known ones go on. */
TEST(test_locked)
{
	struct tg_limit_counters counters;
	FIXTURE f;

	if (!fixture_open(&f, TABLE "limits: [{name: l, capacity: 1, rate: 1/h}]"))
		return;
	passes(&f, KNOWN, 1, 1);
	lock_sets(&f, true);
	CHECK(passes(&f, "198.51.100.7", 1, 5) == 0, "an overflow bucket would be one more");
	CHECK(passes(&f, KNOWN, 1, 5) == 0, "its own is empty");
	counters = limit_counters(&f, 0);
	CHECK(counters.created == 1 && counters.overflowed == 0 && counters.table_full == 0,
	      "%llu overflowed", counters.overflowed);
	CHECK(reasons(&f).packets[TG_REASON_CONTENDED] == 5, "said so");
	lock_sets(&f, false);
	CHECK(passes(&f, "198.51.100.7", 1, 5) == 1, "a bucket of its own");
	CHECK(limit_counters(&f, 0).created == 2, "in the table");
}

static const __u64 true_key[2] = {123, 456}; /* of test_meta */

static uint32_t overflow_index(const __u64 secret[2], const struct tg_bucket_key *key)
{
	struct tg_table table;

	tg_table_design(&table, 1024, secret);
	return tg_overflow_index(secret, key->limit_id, tg_table_hash_of(&table, key));
}

/* Addresses of 11.0.0.0/8 that @secret sends to one bucket. */
static void collide(const __u64 secret[2], uint32_t id, uint32_t *addresses, int n)
{
	struct tg_bucket_key key = {.limit_id = id};
	uint32_t address = 0x0b000000, wanted;
	int found = 0;

	key.address.low = htobe64(0xffff00000000 | address);
	wanted = overflow_index(secret, &key);
	for (; found < n; address++) {
		key.address.low = htobe64(0xffff00000000 | address);
		if (overflow_index(secret, &key) == wanted)
			addresses[found++] = address;
	}
}

static int pass_once_each(struct fixture *fixture, const uint32_t *addresses, int n)
{
	int i, passed = 0;

	for (i = 0; i < n; i++)
		passed += flood(fixture, addresses[i] ^ 0x0a000000, 1);
	return passed;
}

/*
 * An attacker who knows the code and wants a bucket of somebody to be empty sends from addresses
 * that share it. Without the key he does not know which do.
 */
TEST(test_collisions)
{
	const __u64 guess[2] = {123, 457};
	uint32_t addresses[1024];
	int passed;
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 1, rate: 1/h, "
			      "new_sources: {rate: 1/h, burst: 1}}]"))
		return;
	flood(&f, 0, 1);
	collide(true_key, f.compiled->records[f.compiled->slots[0]].id, addresses, 1024);
	CHECK(pass_once_each(&f, addresses, 1024) == 1, "who had the key would have them in one");
	collide(guess, f.compiled->records[f.compiled->slots[0]].id, addresses, 1024);
	passed = pass_once_each(&f, addresses, 1024);
	/* 1024 balls into 1024 bins, one of them taken: 647 bins are hit, give or take 14 */
	CHECK(passed > 580 && passed < 710, "nearly the right key: %d buckets of 1024", passed);
}

/* One who sees which sources share a bucket learns nothing about others from it. */
TEST(test_nothing_to_learn)
{
	struct tg_bucket_key key = {};
	uint32_t addresses[64], shift;
	int i, bit, again = 0;

	collide(true_key, 0, addresses, 64);
	for (bit = 0; bit < 24; bit++) {
		for (i = 1; i < 64; i++) {
			__u32 a, b;

			shift = 1U << bit;
			key.address.low = htobe64(0xffff00000000 | (addresses[0] ^ shift));
			a = overflow_index(true_key, &key);
			key.address.low = htobe64(0xffff00000000 | (addresses[i] ^ shift));
			b = overflow_index(true_key, &key);
			again += a == b;
		}
	}
	CHECK(again <= 10, "%d of 1512 pairs share after the same change; by chance 1.5", again);
}

TEST(test_reset_reaches_shared)
{
	struct tg_sweep request = {.flags = TG_SWEEP_RESET | TG_SWEEP_BY_ADDRESS};
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 5, rate: 1/h, prefix: {ipv4: 24}, "
			      "new_sources: {rate: 1/h, burst: 1}}]"))
		return;
	flood(&f, 0, 1);
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 5, "from a shared bucket");
	CHECK(passes(&f, "198.51.100.1", 1, 50) == 5, "from another one");
	request.address.low = htobe64(0xffff00000000 | 0xc00002fe);
	CHECK(sweep(&f, &request) == 0, "reset");
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 5, "filled up, by another address of the prefix");
	CHECK(passes(&f, "198.51.100.1", 1, 50) == 0, "no other one");
}

TEST_MAIN(RUN(test_debt_is_kept), RUN(test_known_loses_nothing), RUN(test_known_over_refills),
	  RUN(test_stepped_idle), RUN(test_seen_twice), RUN(test_spoofed_are_bounded),
	  RUN(test_admission_clock_back), RUN(test_gate_threads), RUN(test_full_and_free_again),
	  RUN(test_locked), RUN(test_collisions), RUN(test_nothing_to_learn),
	  RUN(test_reset_reaches_shared))
