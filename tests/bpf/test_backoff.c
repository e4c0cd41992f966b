// SPDX-License-Identifier: GPL-2.0-or-later
/* Buckets that close for longer with each further excess, as virtual time goes by. */
#include <pthread.h>
#include <tidegate/gcra.h>

#include "fixture.h"
#include "policy/rate.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define SOURCE	"192.0.2.1"
#define SOURCE6 "2001:db8::1"
#define START	(1000 * S)

static struct tg_bucket bucket_of(struct fixture *f, const char *source)
{
	struct tg_bucket_key key = {.limit_id = f->compiled->records[f->compiled->slots[0]].id};
	struct tg_bucket bucket = {};

	if (strchr(source, ':'))
		inet_pton(AF_INET6, source, &key.address);
	else
		key.address.low = htobe64(0xffff00000000 | ntohl(inet_addr(source)));
	key.address.low = strchr(source, ':') ? 0 : key.address.low; /* a /64 */
	find_bucket(f, &key, &bucket);
	return bucket;
}

static unsigned int attempts(struct fixture *f)
{
	return bucket_of(f, SOURCE).penalty & TG_PENALTY_ATTEMPTS;
}

/* How many packets pass until one is refused, which closes the bucket. */
static int until_refused(struct fixture *f, const char *source)
{
	int n = 0;

	while (passes(f, source, 1, 1) && n < 100000)
		n++;
	return n;
}

/*
 * Closes the bucket again and again, with a packet just before it opens, and checks how long each
 * time is: it opens after @penalties[i], not @early before, with one packet's worth.
 */
static void check_ladder(struct fixture *f, const char *source, const uint64_t *penalties, int n,
			 uint64_t early)
{
	uint64_t now = START;
	int i;

	set_now(f, now);
	until_refused(f, source);
	for (i = 0; i < n; i++) {
		set_now(f, now + penalties[i] - early);
		CHECK(passes(f, source, 1, 3) == 0, "step %d opens too early", i);
		now += penalties[i];
		set_now(f, now);
		CHECK(until_refused(f, source) == 1, "step %d opens for one", i);
	}
}

/* What is not stored of the time. */
#define GRAIN 256

TEST(test_ladder)
{
	static const uint64_t usual[] = {100 * MS,  200 * MS,  400 * MS,  800 * MS,
					 1600 * MS, 2000 * MS, 2000 * MS, 2000 * MS};
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 10, rate: 100/s, backoff: {}}]"))
		return;
	check_ladder(&f, SOURCE, usual, 8, GRAIN);
	check_ladder(&f, SOURCE6, usual, 8, GRAIN);
	CHECK(limit_counters(&f, 0).packets[TG_VERDICT_ADMITTED] == 2 * 18, "counted");
	CHECK(limit_counters(&f, 0).packets[TG_VERDICT_DROPPED] == 2 * (9 + 24), "counted");
}

TEST(test_ladder_by_half)
{
	static const uint64_t penalties[] = {10 * MS,  15 * MS, 22500000,
					     33750000, 50 * MS, 50 * MS};
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 10, rate: 1000/s, "
			      "backoff: {initial: 10ms, factor: 1.5, max: 50ms}}]"))
		return;
	check_ladder(&f, SOURCE, penalties, 6, GRAIN);
}

TEST(test_ladder_longest)
{
	uint64_t penalties[300];
	FIXTURE f;
	int i;

	for (i = 0; i < 300; i++)
		penalties[i] = 10 * MS;
	if (!fixture_open(&f, "limits: [{name: l, capacity: 10, rate: 1000/s, "
			      "backoff: {initial: 10ms, factor: 1, max: 10ms}}]"))
		return;
	check_ladder(&f, SOURCE, penalties, 300, GRAIN);
	CHECK(attempts(&f) == 255, "%u attempts are counted", attempts(&f));
}

/* On a clock that goes by ticks: whole ticks, and never more than the ladder says. */
TEST(test_ladder_coarse)
{
	static const uint64_t penalties[] = {100 * MS, 148 * MS, 224 * MS, 336 * MS, 400 * MS};
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 100, rate: 100/s, "
			      "backoff: {factor: 1.5, max: 400ms}}]"))
		return;
	CHECK(f.compiled->policy.limits[0].rate.clock == TG_CLOCK_COARSE, "the coarse clock");
	check_ladder(&f, SOURCE, penalties, 5, TICK);
}

TEST(test_brief_penalty_is_precise)
{
	static const uint64_t penalties[] = {MS, 2 * MS};
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 10000, rate: 10000/s, "
			      "backoff: {initial: 1ms, max: 2ms}}]"))
		return;
	CHECK(f.compiled->policy.limits[0].rate.clock == TG_CLOCK_PRECISE, "the precise clock");
	check_ladder(&f, SOURCE, penalties, 2, GRAIN);
}

/* With a capacity of one packet the bucket is full when it opens, and not healed for that. */
TEST(test_capacity_of_one)
{
	static const uint64_t penalties[] = {100 * MS, 200 * MS, 400 * MS};
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 1, rate: 100/s, backoff: {}}]"))
		return;
	check_ladder(&f, SOURCE, penalties, 3, GRAIN);
	set_now(&f, START + 700 * MS + 800 * MS + 25 * MS);
	CHECK(until_refused(&f, SOURCE) == 1 && attempts(&f) == 1, "healed by silence: %u",
	      attempts(&f));
}

/* Who sends nothing while the bucket is closed finds all that it was refilled by. */
TEST(test_waiting_as_told)
{
	static const int tokens[] = {10, 20, 40, 80, 160, 200, 200};
	uint64_t now = START;
	FIXTURE f;
	int i, n;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 1000, rate: 100/s, backoff: {}}]"))
		return;
	CHECK(until_refused(&f, SOURCE) == 1000, "burst");
	for (i = 0; i < 7; i++) {
		now += tokens[i] * 10 * MS + 1000; /* rates are rounded down */
		set_now(&f, now);
		n = until_refused(&f, SOURCE);
		CHECK(n == tokens[i], "after step %d: %d, not %d", i, n, tokens[i]);
	}
	CHECK(attempts(&f) == 8, "%u attempts", attempts(&f));
}

/* And who does not: one packet for each time that it opens. Once it is silent, it heals. */
TEST(test_sending_on)
{
	int ms, n = 0;
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 10, rate: 100/s, backoff: {}}]"))
		return;
	for (ms = 0; ms < 20000; ms++) {
		set_now(&f, START + ms * MS);
		n += passes(&f, SOURCE, 1, 1);
	}
	/* 3,100 ms to the end of the 1,600, then 8 times 2 s */
	CHECK(n >= 10 + 5 + 8 && n <= 10 + 5 + 10, "%d in 20 s, 2,000 without backoff", n);
	set_now(&f, START + 23 * S);
	CHECK(passes(&f, SOURCE, 1, 5) == 5 && !bucket_of(&f, SOURCE).penalty, "cleared");
	CHECK(until_refused(&f, SOURCE) == 5 && attempts(&f) == 1, "the ladder begins anew");
}

/* Silence that is not enough to refill the bucket heals nothing, and closes nothing either. */
TEST(test_at_its_rate)
{
	int i, n = 0;
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 10, rate: 100/s, backoff: {}}]"))
		return;
	until_refused(&f, SOURCE);
	for (i = 0; i < 1000; i++) {
		set_now(&f, START + 100 * MS + i * 10 * MS);
		n += passes(&f, SOURCE, 1, 1);
	}
	CHECK(n == 1000, "%d of 1000 at just the rate", n);
}

TEST(test_stepped)
{
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 10, refill_amount: 5, "
			      "refill_interval: 1s, backoff: {initial: 1500ms, max: 3s}}]"))
		return;
	CHECK(until_refused(&f, SOURCE) == 10, "burst");
	set_now(&f, START + 1000 * MS);
	CHECK(passes(&f, SOURCE, 2, 1) == 0, "refilled, and closed");
	set_now(&f, START + 1500 * MS);
	CHECK(until_refused(&f, SOURCE) == 1, "one, as it did not wait");
	set_now(&f, START + 4500 * MS);
	CHECK(until_refused(&f, SOURCE) == 10, "three steps, as it did");
	set_now(&f, START + 2000 * S);
	CHECK(until_refused(&f, SOURCE) == 10 && attempts(&f) == 1, "cleared");
}

TEST(test_bytes)
{
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, unit: bytes, capacity: 600, rate: 6kB/s, "
			      "backoff: {}}]"))
		return;
	CHECK(until_refused(&f, SOURCE) == 10, "frames of 60 bytes");
	set_now(&f, START + 50 * MS);
	passes(&f, SOURCE, 1, 1);
	set_now(&f, START + 100 * MS);
	CHECK(until_refused(&f, SOURCE) == 1, "a frame's worth");
}

TEST(test_sweep)
{
	struct tg_sweep reclaim = {.flags = TG_SWEEP_RECLAIM};
	struct tg_sweep reset = {.flags = TG_SWEEP_RESET | TG_SWEEP_BY_ADDRESS};
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 10, rate: 100/s, "
			      "backoff: {initial: 1s, max: 2s}}]"))
		return;
	until_refused(&f, SOURCE);
	set_now(&f, START + 999 * MS);
	CHECK(sweep(&f, &reclaim) == 0 && reclaim.reclaimed == 0,
	      "closed, and stays though it is full");
	CHECK(passes(&f, SOURCE, 1, 1) == 0, "still closed");
	reset.address.low = htobe64(0xffff00000000 | 0xc0000201);
	CHECK(sweep(&f, &reset) == 0 && reset.reset == 1, "reset");
	CHECK(until_refused(&f, SOURCE) == 10 && attempts(&f) == 1, "open, full, and at the start");
	set_now(&f, START + 2100 * MS);
	reclaim = (struct tg_sweep){.flags = TG_SWEEP_RECLAIM};
	CHECK(sweep(&f, &reclaim) == 0 && reclaim.reclaimed == 1, "open and full: goes");
}

TEST(test_clock_goes_back)
{
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 10, rate: 100/s, backoff: {}}]"))
		return;
	until_refused(&f, SOURCE);
	passes(&f, SOURCE, 1, 1);
	set_now(&f, START - 900 * S);
	CHECK(passes(&f, SOURCE, 1, 1) == 0, "empty, no burst");
	set_now(&f, START - 900 * S + 2100 * MS);
	CHECK(passes(&f, SOURCE, 1, 9) == 9, "closed for no longer than a penalty");
}

/* Puts another rate in force, as the daemon does before it replaces the program. */
static void change_rate(struct fixture *f, uint64_t capacity, uint64_t amount)
{
	const struct tg_refill refill = {capacity, amount, S, true};
	uint32_t slot = f->compiled->slots[0];
	struct tg_limit_record *record = &f->compiled->records[slot];
	struct tg_sweep request = {};

	record->version = (record->version + 1) % TG_RATE_VERSIONS;
	tg_rate_compile(&refill, TICK, 2 * S, &record->rates[record->version]);
	bpf_map__update_elem(f->skeleton->maps.records, &slot, 4, record, sizeof(*record), BPF_ANY);
	sweep(f, &request);
}

static void check_reload(uint64_t capacity)
{
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 10, rate: 100/s, backoff: {}}]"))
		return;
	until_refused(&f, SOURCE);
	change_rate(&f, capacity, 100);
	set_now(&f, START + 99 * MS);
	CHECK(passes(&f, SOURCE, 1, 1) == 0, "still closed");
	set_now(&f, START + 100 * MS);
	CHECK(until_refused(&f, SOURCE) == 1, "one, and no free burst");
	CHECK(attempts(&f) == 2, "the ladder goes on");
}

TEST(test_reload)
{
	check_reload(1000);
	check_reload(5);
}

/* A limit that only counts closes nothing. */
TEST(test_shadow)
{
	struct tg_limit_counters counters;
	FIXTURE f;

	if (!fixture_open(
		    &f,
		    "limits: [{name: l, capacity: 10, rate: 100/s, backoff: {}, shadow: true}]"))
		return;
	CHECK(passes(&f, SOURCE, 1, 50) == 50, "all go on");
	set_now(&f, START + 50 * MS + 1000);
	CHECK(passes(&f, SOURCE, 1, 50) == 50, "all go on");
	counters = limit_counters(&f, 0);
	CHECK(counters.packets[TG_VERDICT_ADMITTED] == 15, "%llu admitted as by a drop",
	      counters.packets[TG_VERDICT_ADMITTED]);
	CHECK(counters.packets[TG_VERDICT_SHADOW_EXCEEDED] == 85, "%llu",
	      counters.packets[TG_VERDICT_SHADOW_EXCEEDED]);
	CHECK(!bucket_of(&f, SOURCE).penalty, "not closed");
}

/* A limit that had admitted what another's closed bucket refuses has its tokens back. */
TEST(test_several_limits)
{
	struct tg_bucket before, after;
	FIXTURE f;

	if (!fixture_open(&f, "limits:\n"
			      " - {name: first, capacity: 10, rate: 1/s, backoff: {}}\n"
			      " - {name: second, capacity: 5, rate: 1/s, backoff: {}}\n"))
		return;
	CHECK(until_refused(&f, SOURCE) == 5, "the second refuses");
	before = bucket_of(&f, SOURCE);
	CHECK(passes(&f, SOURCE, 1, 50) == 0, "closed");
	after = bucket_of(&f, SOURCE);
	CHECK(before.state == after.state && after.admitted == 5, "the first has lost nothing");
	CHECK(!after.penalty && !after.exceeded, "and is not closed");
}

/* Buckets that sources share are not closed: one of them would pay for the other. */
TEST(test_overflow)
{
	struct tg_bucket bucket;
	char source[32];
	int i, n = 0;
	uint32_t j;
	FIXTURE f;

	if (!fixture_open(
		    &f,
		    "table: {size: 8}\nlimits: [{name: l, capacity: 2, rate: 100/s, backoff: {}}]"))
		return;
	for (i = 0; i < 1000; i++) {
		snprintf(source, sizeof(source), "10.0.%d.%d", i / 250, i % 250);
		passes(&f, source, 1, 5);
	}
	for (j = 0; j < TG_OVERFLOW_PER_LIMIT; j++) {
		bpf_map__lookup_elem(f.skeleton->maps.overflow, &j, 4, &bucket, sizeof(bucket), 0);
		n += bucket.exceeded != 0;
		CHECK(!bucket.penalty, "shared bucket %u is closed", j);
	}
	CHECK(n > 100, "%d of them have refused", n);
}

struct storm {
	struct fixture *fixture;
	struct packet packet;
	pthread_barrier_t barrier;
};

#define ROUNDS 300

static void *storm_thread(void *data)
{
	struct storm *storm = data;
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = storm->packet.bytes,
		    .data_size_in = storm->packet.length, .repeat = 20);
	int i;

	for (i = 0; i < ROUNDS; i++) {
		pthread_barrier_wait(&storm->barrier);
		bpf_prog_test_run_opts(storm->fixture->xdp, &options);
		pthread_barrier_wait(&storm->barrier);
	}
	return NULL;
}

/* Of CPUs that refuse at once, one takes the next step. */
TEST(test_threads)
{
	int i, steps = 0, admitted;
	struct storm storm = {};
	pthread_t threads[2];
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 4, rate: 100/s, backoff: {}}]"))
		return;
	storm.fixture = &f;
	udp_from(&storm.packet, SOURCE, 1);
	pthread_barrier_init(&storm.barrier, NULL, 3);
	for (i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, storm_thread, &storm);
	for (i = 0; i < ROUNDS; i++) {
		set_now(&f, START + i * S); /* long enough to heal */
		pthread_barrier_wait(&storm.barrier);
		pthread_barrier_wait(&storm.barrier);
		steps += attempts(&f);
	}
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	admitted = limit_counters(&f, 0).packets[TG_VERDICT_ADMITTED];
	CHECK(steps == ROUNDS, "%d steps in %d rounds", steps, ROUNDS);
	CHECK(admitted == 4 * ROUNDS, "%d admitted", admitted);
}

TEST_MAIN(RUN(test_ladder), RUN(test_ladder_by_half), RUN(test_ladder_longest),
	  RUN(test_ladder_coarse), RUN(test_brief_penalty_is_precise), RUN(test_capacity_of_one),
	  RUN(test_waiting_as_told), RUN(test_sending_on), RUN(test_at_its_rate), RUN(test_stepped),
	  RUN(test_bytes), RUN(test_sweep), RUN(test_clock_goes_back), RUN(test_reload),
	  RUN(test_shadow), RUN(test_several_limits), RUN(test_overflow), RUN(test_threads))
