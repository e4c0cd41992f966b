// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A sweep in many short runs: it reaches every bucket while packets come, and no run takes long.
 * TIMED_BUCKETS in the environment: how many buckets the timed sweep goes over (262144).
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <tidegate/gcra.h>
#include <time.h>

#include "fixture.h"

#define LIMIT                                                                                      \
	"limits: [{name: l, per: source, capacity: 200, refill_amount: 1, refill_interval: 1d}]\n"

#define SOURCES	    3000
#define LATER	    3000
#define SOURCE_SIZE 32

/* What the policy before had: half the capacity, as version 0. The policy in force is version 1. */
static void come_from_older_rate(void)
{
	const struct tg_rate older = {
		.amount = 1, .interval = 86400 * S, .capacity = 100, .slack = 100};
	struct tg_limit_record *record = &fixture_records[0];

	*record = (struct tg_limit_record){.name = "l", .id = TG_LIMITS_MAX};
	record->shape = 1 | 32 << 8 | 64 << 16; /* as policy/compile.c makes it */
	record->rates[0] = record->rates[1] = record->rates[2] = older;
}

static void source_of(int i, char text[SOURCE_SIZE])
{
	snprintf(text, SOURCE_SIZE, "10.1.%d.%d", i >> 8, i & 255);
}

/* A way to the table that needs no call for each bucket. */
static union tg_table_line *map_table(struct fixture *fixture)
{
	size_t bytes = (size_t)fixture->compiled->policy.table.lines * sizeof(union tg_table_line);
	void *lines = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED,
			   bpf_map__fd(fixture->skeleton->maps.buckets), 0);

	CHECK(lines != MAP_FAILED, "%s", strerror(errno));
	return lines == MAP_FAILED ? NULL : lines;
}

static void unmap_table(struct fixture *fixture, union tg_table_line *lines)
{
	munmap(lines, (size_t)fixture->compiled->policy.table.lines * sizeof(*lines));
}

/* Opens the fixture with SOURCES buckets that are empty, in the older rate. */
static union tg_table_line *open_with_buckets(struct fixture *fixture)
{
	const struct tg_limit_record *record;
	union tg_table_line *lines;
	struct tg_bucket *bucket;
	char source[SOURCE_SIZE];
	int i;

	come_from_older_rate();
	if (!fixture_open(fixture, "table: {size: 8192}\n" LIMIT))
		return NULL;
	record = &fixture->compiled->records[0];
	CHECK(record->version == 1 && record->id == TG_LIMITS_MAX, "the same limit");
	for (i = 0; i < SOURCES; i++) {
		source_of(i, source);
		passes(fixture, source, 53, 1);
	}
	lines = map_table(fixture);
	for (i = 0; lines && i < SOURCES; i++) {
		bucket = &lines[fixture->compiled->policy.table.first_entry + i].entry.bucket;
		bucket->state = tg_gcra_state(100, tg_gcra_clock(&record->rates[0], 1000 * S), 0);
	}
	return lines;
}

/* Returns how many of the buckets have been converted. */
static int count_converted(struct fixture *fixture, const union tg_table_line *lines)
{
	const struct tg_table_entry *entry;
	uint32_t i;
	int n = 0;

	for (i = 0; i < lines[0].head.used; i++) {
		entry = &lines[fixture->compiled->policy.table.first_entry + i].entry;
		n += tg_state_version(entry->bucket.state) == 1;
	}
	return n;
}

struct traffic {
	struct fixture *fixture;
	atomic_bool stop;
	int admitted, sent; /* of sources that had nothing left */
	atomic_int later;   /* of new sources */
};

/* Charges buckets that are being converted, and makes new ones, as fast as it goes. */
static void *send_packets(void *data)
{
	struct traffic *traffic = data;
	unsigned int seed = 1;
	char source[SOURCE_SIZE];

	while (!traffic->stop) {
		source_of(rand_r(&seed) % SOURCES, source);
		traffic->admitted += passes(traffic->fixture, source, 53, 1);
		traffic->sent++;
		if (traffic->later == LATER)
			continue;
		source_of(SOURCES + traffic->later, source);
		traffic->later += passes(traffic->fixture, source, 53, 1);
	}
	return NULL;
}

TEST(test_slices_while_packets_come)
{
	struct traffic traffic = {};
	struct tg_sweep request = {};
	struct fixture fixture;
	union tg_table_line *lines = open_with_buckets(&fixture);
	uint32_t used;
	pthread_t thread;
	int runs = 0;

	if (!lines)
		return;
	CHECK(count_converted(&fixture, lines) == 0);
	traffic.fixture = &fixture;
	CHECK(pthread_create(&thread, NULL, send_packets, &traffic) == 0);
	while (!traffic.later)
		usleep(100);
	do {
		usleep(20);
		used = request.visited;
		CHECK(sweep_some(&fixture, &request, 50) == 0, "%s", strerror(errno));
		CHECK(request.visited - used <= 50, "%u", request.visited - used);
		runs++;
	} while (request.more && runs < 10000);
	traffic.stop = true;
	pthread_join(thread, NULL);
	used = lines[0].head.used;
	CHECK(used > SOURCES, "buckets were made meanwhile: %u", used);
	CHECK(count_converted(&fixture, lines) == (int)used, "%d of %u",
	      count_converted(&fixture, lines), used);
	CHECK(request.visited >= SOURCES && request.visited <= used, "%u of %u", request.visited,
	      used);
	CHECK(request.next >= TG_OVERFLOW_BUCKETS + request.visited, "%u", request.next);
	CHECK(!traffic.admitted, "%d of %d packets found a token", traffic.admitted, traffic.sent);
	printf("# %d runs, %d packets, %d new buckets, %u converted by the sweep\n", runs,
	       traffic.sent, traffic.later, request.converted);
	unmap_table(&fixture, lines);
	fixture_close(&fixture);
	memset(fixture_records, 0, sizeof(fixture_records));
}

/* However a sweep is cut, it does and counts the same. */
TEST(test_any_slices)
{
	static const uint32_t counts[] = {1000, 4096, 65536, 65537, 200000};
	struct fixture fixture;
	union tg_table_line *lines;
	size_t i;

	for (i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		struct tg_sweep request = {.flags = TG_SWEEP_RESET}, once = {};

		lines = open_with_buckets(&fixture);
		if (!lines)
			return;
		do
			CHECK(sweep_some(&fixture, &request, counts[i]) == 0, "%s",
			      strerror(errno));
		while (request.more);
		CHECK(request.visited == SOURCES && request.reset == SOURCES, "%u, %u",
		      request.visited, request.reset);
		/* Its overflow buckets too, of which a fixture's have no rate of version 1. */
		CHECK(request.converted == SOURCES + TG_OVERFLOW_PER_LIMIT, "%u",
		      request.converted);
		CHECK(request.next == TG_OVERFLOW_BUCKETS + SOURCES, "%u", request.next);
		CHECK(sweep(&fixture, &once) == 0 && once.visited == SOURCES && !once.converted,
		      "nothing is left: %u", once.converted);
		CHECK(passes(&fixture, "10.1.0.7", 53, 300) == 200, "full");
		unmap_table(&fixture, lines);
		fixture_close(&fixture);
	}
	memset(fixture_records, 0, sizeof(fixture_records));
}

/* The time that this thread has had a CPU, so that what else the machine does is left out. */
static uint64_t now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return now.tv_sec * S + now.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* Runs a sweep and says how long its runs take. Returns the median in us. */
static uint64_t time_runs(struct fixture *fixture, const char *what, struct tg_sweep *request)
{
	static uint64_t times[8192];
	uint64_t begin;
	size_t n = 0;

	do {
		begin = now_ns();
		CHECK(sweep_some(fixture, request, TG_SWEEP_RUN) == 0, "%s", strerror(errno));
		times[n++] = now_ns() - begin;
	} while (request->more && n < 8192);
	qsort(times, n, sizeof(times[0]), compare);
	printf("# %s: %zu runs, median %" PRIu64 " us, 99 %% below %" PRIu64 " us, longest %" PRIu64
	       " us; %u converted\n",
	       what, n, times[n / 2] / 1000, times[n * 99 / 100] / 1000, times[n - 1] / 1000,
	       request->converted);
	return times[n / 2] / 1000;
}

/* Fills a table with buckets in need of the longest conversion, without the ways to them. */
static void fill_table(struct fixture *fixture, union tg_table_line *lines, uint32_t n)
{
	const struct tg_limit_record *record = &fixture->compiled->records[0];
	uint64_t clock = tg_gcra_clock(&record->rates[0], 1000 * S);
	struct tg_table_entry *entry;
	uint32_t i;

	for (i = 0; i < n; i++) {
		entry = &lines[fixture->compiled->policy.table.first_entry + i].entry;
		entry->key = (struct tg_bucket_key){.limit_id = record->id, .address.low = i};
		entry->bucket.state = tg_gcra_state(1 + i % 100, clock, 0);
	}
	lines[0].head.used = n;
}

TEST(test_runs_are_short)
{
	const char *asked = getenv("TIMED_BUCKETS");
	uint32_t buckets = asked ? strtoul(asked, NULL, 10) : 262144;
	struct tg_sweep convert = {}, again = {}, reset = {.flags = TG_SWEEP_RESET};
	union tg_table_line *lines;
	struct fixture fixture;
	char yaml[512];
	uint64_t median;

	if (getenv("TG_EMULATED"))
		SKIP("measures time, which an emulated machine does not have");
	come_from_older_rate();
	snprintf(yaml, sizeof(yaml), "table: {size: %u}\n" LIMIT, buckets);
	if (!fixture_open(&fixture, yaml))
		return;
	lines = map_table(&fixture);
	if (!lines)
		return;
	fill_table(&fixture, lines, buckets);
	unmap_table(&fixture, lines);
	median = time_runs(&fixture, "converting", &convert);
	CHECK(convert.visited == buckets && convert.converted >= buckets, "%u", convert.converted);
	CHECK(median < 5000, "%" PRIu64 " us", median);
	median = time_runs(&fixture, "nothing to do", &again);
	CHECK(median < 5000 && again.visited == buckets && !again.converted, "%" PRIu64, median);
	median = time_runs(&fixture, "giving tokens back", &reset);
	CHECK(median < 5000 && reset.reset == buckets, "%" PRIu64 " us", median);
	fixture_close(&fixture);
	memset(fixture_records, 0, sizeof(fixture_records));
}

TEST_MAIN(RUN(test_slices_while_packets_come), RUN(test_any_slices), RUN(test_runs_are_short))
