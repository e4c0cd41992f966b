// SPDX-License-Identifier: GPL-2.0-or-later
/* What limits do with packets as virtual time goes by. */
#include <pthread.h>
#include <tidegate/gcra.h>

#include "fixture.h"
#include "policy/rate.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

TEST(test_stepped)
{
	FIXTURE f;

	if (!fixture_open(
		    &f, "limits: [{name: l, capacity: 10, refill_amount: 3, refill_interval: 1s}]"))
		return;
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 10, "burst");
	set_now(&f, 1001 * S - 1);
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 0, "a ns before the interval ends");
	set_now(&f, 1001 * S);
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 3, "as it ends");
	set_now(&f, 1003 * S + S / 2);
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 6, "two more");
	set_now(&f, 2000 * S);
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 10, "never above the capacity");
	set_now(&f, 1500 * S);
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 0, "a clock gone back gives nothing");
	set_now(&f, 1504 * S);
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 10, "and closes for no longer than a refill");
}

TEST(test_continuous)
{
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 10, rate: 100/s}]"))
		return;
	CHECK(passes(&f, "2001:db8::1", 1, 50) == 10, "burst");
	CHECK(passes(&f, "2001:db8::ffff", 1, 50) == 0, "the same /64");
	CHECK(passes(&f, "2001:db8:0:1::1", 1, 50) == 10, "another /64");
	set_now(&f, 1000 * S + 9 * MS);
	CHECK(passes(&f, "2001:db8::1", 1, 50) == 0, "9 ms");
	set_now(&f, 1000 * S + 10 * MS + 1);
	CHECK(passes(&f, "2001:db8::1", 1, 50) == 1, "10 ms");
	set_now(&f, 1000 * S + 60 * MS + 1);
	CHECK(passes(&f, "2001:db8::1", 1, 50) == 5, "60 ms");
}

TEST(test_bytes)
{
	struct tg_limit_counters counters;
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, unit: bytes, capacity: 6000, rate: 60kB/s}]"))
		return;
	/* 14 + 20 + 8 + 18 bytes */
	CHECK(passes(&f, "192.0.2.1", 1, 200) == 100, "100 frames of 60 bytes");
	set_now(&f, 1001 * S);
	CHECK(passes(&f, "192.0.2.1", 1, 2000) == 100, "not above the capacity");
	counters = limit_counters(&f, 0);
	CHECK(counters.bytes[TG_VERDICT_ADMITTED] == 12000 &&
		      counters.packets[TG_VERDICT_ADMITTED] == 200,
	      "%llu bytes", counters.bytes[TG_VERDICT_ADMITTED]);
	CHECK(counters.packets[TG_VERDICT_DROPPED] == 2000, "%llu",
	      counters.packets[TG_VERDICT_DROPPED]);
}

TEST(test_sharing)
{
	FIXTURE f;

	if (!fixture_open(
		    &f,
		    "limits:\n"
		    " - {name: net, match: {destination_port: 1}, prefix: {ipv4: 24, ipv6: 48}, capacity: 5, rate: 1/s}\n"
		    " - {name: to, match: {destination_port: 2}, per: destination, capacity: 5, rate: 1/s}\n"
		    " - {name: all, match: {destination_port: 3}, per: everyone, capacity: 5, rate: 1/s}\n"))
		return;
	CHECK(passes(&f, "192.0.2.1", 1, 3) + passes(&f, "192.0.2.250", 1, 9) == 5, "a /24");
	CHECK(passes(&f, "192.0.3.1", 1, 9) == 5, "the next /24");
	CHECK(passes(&f, "2001:db8:7::1", 1, 3) + passes(&f, "2001:db8:7:9::1", 1, 9) == 5,
	      "a /48");
	CHECK(passes(&f, "192.0.2.1", 2, 3) + passes(&f, "192.0.99.1", 2, 9) == 5, "a destination");
	CHECK(passes(&f, "2001:db8::1", 2, 9) == 5, "the IPv6 destination is another");
	CHECK(passes(&f, "192.0.2.1", 3, 3) + passes(&f, "2001:db8::1", 3, 9) == 5, "everyone");
	CHECK(passes(&f, "192.0.2.1", 4, 9) == 9, "a port without a limit");
}

static void make_preemptible(struct fixture *fixture)
{
	*(__u32 *)&fixture->skeleton->rodata->policy.preemptible = 1;
}

/* Where packets interrupt each other, the counters are atomic, and count the same. */
TEST(test_preemptible)
{
	struct tg_limit_counters counters;
	FIXTURE f;

	fixture_before_load = make_preemptible;
	if (fixture_open(&f, "limits: [{name: l, capacity: 10, rate: 1/h}, {name: m, capacity: 10, "
			     "rate: 1/h, match: {destination_port: 2}}]")) {
		CHECK(passes(&f, "192.0.2.1", 1, 6) == 6, "one limit");
		CHECK(passes(&f, "192.0.2.1", 2, 6) == 4, "two limits");
		counters = limit_counters(&f, 0);
		CHECK(counters.packets[TG_VERDICT_ADMITTED] == 10 &&
			      counters.bytes[TG_VERDICT_ADMITTED] == 600 &&
			      counters.packets[TG_VERDICT_DROPPED] == 2,
		      "%llu admitted", counters.packets[TG_VERDICT_ADMITTED]);
		CHECK(reasons(&f).packets[TG_REASON_ADMITTED] == 10 &&
			      reasons(&f).packets[TG_REASON_LIMIT] == 2,
		      "and by reason");
	}
	fixture_before_load = NULL;
}

static uint64_t state_of(struct fixture *f, size_t limit, const char *source)
{
	struct tg_bucket_key key = {.limit_id = f->compiled->records[f->compiled->slots[limit]].id};
	struct tg_bucket bucket = {};

	key.address.low = htobe64(0xffff00000000 | ntohl(inet_addr(source)));
	find_bucket(f, &key, &bucket);
	return bucket.state;
}

TEST(test_all_or_nothing)
{
	struct tg_limit_counters first, second;
	uint64_t before;
	FIXTURE f;

	if (!fixture_open(&f, "limits:\n - {name: wide, capacity: 10, rate: 1/s}\n"
			      " - {name: tight, capacity: 4, rate: 1/s}\n"))
		return;
	CHECK(passes(&f, "192.0.2.1", 1, 4) == 4, "both admit");
	before = state_of(&f, 0, "192.0.2.1");
	CHECK(before != 0, "there is a bucket");
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 0, "the tight one refuses");
	CHECK(state_of(&f, 0, "192.0.2.1") == before, "the wide one has its tokens back");
	first = limit_counters(&f, 0);
	second = limit_counters(&f, 1);
	CHECK(first.packets[TG_VERDICT_ADMITTED] == 4 && first.packets[TG_VERDICT_DROPPED] == 0,
	      "wide");
	CHECK(second.packets[TG_VERDICT_ADMITTED] == 4 && second.packets[TG_VERDICT_DROPPED] == 50,
	      "tight");
}

TEST(test_table_full)
{
	struct tg_limit_counters counters;
	char source[32];
	int i, passed = 0;
	FIXTURE f;

	if (!fixture_open(&f, "table: {size: 8}\nlimits: [{name: l, capacity: 2, rate: 1/s}]"))
		return;
	for (i = 0; i < 5000; i++) {
		snprintf(source, sizeof(source), "10.0.%d.%d", i / 250, i % 250);
		passed += passes(&f, source, 1, 1);
	}
	counters = limit_counters(&f, 0);
	CHECK(counters.created >= 8 && counters.created < 5000, "%llu created", counters.created);
	CHECK(counters.created + counters.overflowed == 5000, "%llu overflowed",
	      counters.overflowed);
	CHECK(passed < 8 + 2 * TG_OVERFLOW_PER_LIMIT + 64, "%d passed", passed);
	CHECK(passed > 1000, "%d passed: shared buckets admit", passed);
	CHECK(passes(&f, "10.0.0.0", 1, 5) == 1, "a known source keeps its own");
}

TEST(test_sweep)
{
	struct tg_sweep request = {.flags = TG_SWEEP_RECLAIM | TG_SWEEP_FORGET};
	struct tg_limit_counters counters;
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 10, rate: 1/s}, "
			      "{name: m, match: {destination_port: 2}, capacity: 10, rate: 1/s}]"))
		return;
	passes(&f, "192.0.2.1", 1, 2);
	passes(&f, "192.0.2.2", 2, 9);
	set_now(&f, 1003 * S + MS);
	CHECK(sweep(&f, &request) == 0 && request.visited == 3, "%u visited", request.visited);
	CHECK(request.reclaimed == 1, "%u reclaimed: the full one", request.reclaimed);
	counters = limit_counters(&f, 0);
	CHECK(counters.created == 2 && counters.reclaimed == 1, "counted");
	CHECK(passes(&f, "192.0.2.2", 2, 50) == 4, "buckets in debt stay");
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 10, "the reclaimed one was full");

	request = (struct tg_sweep){.flags = TG_SWEEP_RESET | TG_SWEEP_BY_ADDRESS};
	request.address.low = htobe64(0xffff00000000 | 0xc0000201);
	CHECK(sweep(&f, &request) == 0 && request.reset == 1, "%u reset", request.reset);
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 10, "reset by address");
	request = (struct tg_sweep){.flags = TG_SWEEP_RESET | TG_SWEEP_BY_LIMIT,
				    .limit_id = f.compiled->records[f.compiled->slots[1]].id};
	CHECK(sweep(&f, &request) == 0, "reset by limit");
	CHECK(passes(&f, "192.0.2.2", 1, 50) == 0, "the other limit is as it was");
}

/* The daemon's side of a change of rate: the next version in the record. */
static void change_rate(struct fixture *f, const struct tg_refill *refill)
{
	uint32_t slot = f->compiled->slots[0];
	struct tg_limit_record *record = &f->compiled->records[slot];

	record->version = (record->version + 1) % TG_RATE_VERSIONS;
	tg_rate_compile(refill, TICK, 0, &record->rates[record->version]);
	bpf_map__update_elem(f->skeleton->maps.records, &slot, 4, record, sizeof(*record), BPF_ANY);
}

/* A program that is about to be replaced meets buckets of the next generation's rate. */
TEST(test_newer_rate)
{
	const struct tg_refill refill = {100, 100, S, true};
	struct tg_sweep request = {};
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 10, rate: 10/s}]"))
		return;
	CHECK(passes(&f, "192.0.2.1", 1, 5) == 5, "half is left");
	CHECK(passes(&f, "192.0.2.2", 1, 50) == 10, "none is left");
	change_rate(&f, &refill);
	CHECK(sweep(&f, &request) == 0 && request.converted == 2 + TG_OVERFLOW_PER_LIMIT,
	      "%u converted", request.converted);
	CHECK(passes(&f, "192.0.2.1", 1, 200) == 50, "half of the new capacity");
	CHECK(passes(&f, "192.0.2.2", 1, 200) == 0, "no free burst");
	set_now(&f, 1000 * S + 100 * MS + 1);
	CHECK(passes(&f, "192.0.2.2", 1, 200) == 10, "refilled at the new rate");
}

/* And one that has just come meets buckets of the old rate. */
TEST(test_older_rate)
{
	const struct tg_refill refill = {1000, 1, S, false};
	struct tg_bucket bucket;
	FIXTURE f;

	if (!fixture_open(
		    &f, "limits: [{name: l, capacity: 10, refill_amount: 1, refill_interval: 1s}]"))
		return;
	CHECK(passes(&f, "192.0.2.1", 1, 5) == 5, "half is left");
	/* Version 2 is what this one's version 0 comes after: (2 + 1) % 3. */
	f.compiled->records[0].version = 1;
	change_rate(&f, &refill);
	bucket = (struct tg_bucket){
		.state = tg_gcra_state(
			600, tg_gcra_clock(&f.compiled->records[0].rates[2], 1000 * S), 2)};
	store_bucket(&f, 0, &bucket); /* the only one */
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 4, "4 of 10 as it was 400 of 1000");
}

struct storm {
	struct fixture *fixture;
	struct packet packet;
};

static void *storm_thread(void *data)
{
	struct storm *storm = data;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = storm->packet.bytes,
		    .data_size_in = storm->packet.length, .repeat = 200000);

	bpf_prog_test_run_opts(storm->fixture->xdp, &options);
	return NULL;
}

/* Several CPUs on one bucket admit exactly what one would. */
TEST(test_threads)
{
	struct tg_limit_counters counters;
	struct tg_interface_counters seen;
	pthread_t threads[4];
	struct storm storm;
	FIXTURE f;
	int i;

	if (!fixture_open(
		    &f,
		    "limits: [{name: l, capacity: 100000, refill_amount: 1, refill_interval: 1h}]"))
		return;
	storm.fixture = &f;
	udp_from(&storm.packet, "192.0.2.1", 1);
	for (i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, storm_thread, &storm);
	for (i = 0; i < 4; i++)
		pthread_join(threads[i], NULL);
	counters = limit_counters(&f, 0);
	seen = reasons(&f);
	CHECK(counters.packets[TG_VERDICT_ADMITTED] == 100000, "%llu admitted",
	      counters.packets[TG_VERDICT_ADMITTED]);
	CHECK(seen.packets[TG_REASON_ADMITTED] == 100000, "passed");
	CHECK(seen.packets[TG_REASON_LIMIT] + seen.packets[TG_REASON_CONTENDED] == 700000,
	      "dropped");
}

TEST(test_lists)
{
	FIXTURE f;

	if (!fixture_open(
		    &f,
		    "allow: [192.0.2.0/24, \"2001:db8::/32\", 198.51.100.7, 10.1.0.0/16]\n"
		    "deny: [192.0.2.128/25, 198.51.100.0/24, \"2001:db8:bad::/48\", \"::/0\", 10.1.0.0/16]\n"
		    "limits: [{name: l, capacity: 1, rate: 1/s}]"))
		return;
	CHECK(passes(&f, "192.0.2.1", 1, 9) == 9, "allowed");
	CHECK(passes(&f, "192.0.2.200", 1, 9) == 0, "a longer prefix denies");
	CHECK(passes(&f, "198.51.100.7", 1, 9) == 9, "a longer prefix allows");
	CHECK(passes(&f, "198.51.100.8", 1, 9) == 0, "denied");
	CHECK(passes(&f, "2001:db8:1::1", 1, 9) == 9, "allowed, IPv6");
	CHECK(passes(&f, "2001:db8:bad::1", 1, 9) == 0, "denied, IPv6");
	CHECK(passes(&f, "2001:dead::1", 1, 9) == 0, "denied by ::/0");
	CHECK(passes(&f, "203.0.113.9", 1, 9) == 1, "::/0 does not hold for IPv4");
	CHECK(passes(&f, "10.1.1.1", 1, 9) == 9, "on both lists: allow wins");
	CHECK(reasons(&f).packets[TG_REASON_ALLOWED] == 36 &&
		      reasons(&f).packets[TG_REASON_DENIED] == 36,
	      "counted");
}

TEST_MAIN(RUN(test_stepped), RUN(test_continuous), RUN(test_bytes), RUN(test_sharing),
	  RUN(test_preemptible), RUN(test_all_or_nothing), RUN(test_table_full), RUN(test_sweep),
	  RUN(test_newer_rate), RUN(test_older_rate), RUN(test_threads), RUN(test_lists))
