// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * In which order several limits are charged: not by slot, and new buckets last, so that a packet
 * that is refused takes no room in the table.
 */
#include <tidegate/gcra.h>

#include "flood.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define EACH "{name: each, capacity: 10, rate: 10/s, new_sources: {rate: 1/h, burst: 200}}"
#define ALL  "{name: all, per: everyone, capacity: 10, rate: 1/h}"

/* The slots of an earlier generation, in this order. */
static void had_slots(const char *first, const char *second)
{
	memset(fixture_records, 0, sizeof(fixture_records));
	snprintf(fixture_records[0].name, TG_LIMIT_NAME_SIZE, "%s", first);
	snprintf(fixture_records[1].name, TG_LIMIT_NAME_SIZE, "%s", second);
}

/* How many tokens of new_sources the limit has spent. */
static uint64_t admissions(struct fixture *fixture, size_t limit)
{
	uint32_t slot = fixture->compiled->slots[limit];
	struct tg_admission admission = {};

	bpf_map__lookup_elem(fixture->skeleton->maps.gates, &slot, sizeof(slot), &admission,
			     sizeof(admission), 0);
	if (!admission.state)
		return 0;
	return tg_gcra_deficit(&admission.rate, admission.state,
			       tg_gcra_clock(&admission.rate, 1000 * S)) >>
	       admission.rate.scale;
}

static void check_spoofed(const char *limits, size_t each)
{
	struct tg_limit_counters counters;
	FIXTURE f;

	if (!fixture_open(&f, limits))
		return;
	CHECK(flood(&f, 0, 1000) == 10, "%s: what everyone may have", limits);
	counters = limit_counters(&f, each);
	CHECK(counters.created == 10, "%s: %llu buckets", limits, counters.created);
	CHECK(counters.overflowed == 0, "%s: %llu overflowed", limits, counters.overflowed);
	CHECK(admissions(&f, each) == 10, "%s: %llu admissions", limits,
	      (unsigned long long)admissions(&f, each));
	CHECK(limit_counters(&f, !each).packets[TG_VERDICT_DROPPED] == 990, "refused by all");
}

TEST(test_spoofed)
{
	const char *slots[] = {"each", "all"};
	int i;

	for (i = 0; i < 2; i++) {
		had_slots(slots[i], slots[!i]);
		check_spoofed("limits: [" EACH ", " ALL "]", 0);
		check_spoofed("limits: [" ALL ", " EACH "]", 1);
	}
	had_slots("", "");
}

/* With tokens in neither, the first in the file refuses, whatever slots they got. */
TEST(test_who_refuses)
{
	const char *slots[] = {"a", "b"};
	int i;

	for (i = 0; i < 2; i++) {
		FIXTURE f;

		had_slots(slots[i], slots[!i]);
		if (!fixture_open(&f, "limits: [{name: a, capacity: 5, rate: 1/h}, "
				      "{name: b, per: everyone, capacity: 5, rate: 1/h}]"))
			return;
		CHECK(passes(&f, "192.0.2.1", 1, 50) == 5, "both admit");
		CHECK(limit_counters(&f, 0).packets[TG_VERDICT_DROPPED] == 45, "a refuses");
		CHECK(limit_counters(&f, 1).packets[TG_VERDICT_DROPPED] == 0, "b is not asked");
	}
	had_slots("", "");
}

/* What the overflow buckets of one limit refuse takes nothing of another. */
TEST(test_overflow_before_insertion)
{
	struct tg_limit_counters counters;
	int passed;
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: wide, capacity: 10, rate: 10/s, "
			      "new_sources: {rate: 1/h, burst: 10000}}, "
			      "{name: tight, capacity: 1, rate: 1/h, "
			      "new_sources: {rate: 1/h, burst: 1}}]"))
		return;
	passed = flood(&f, 0, 9000);
	counters = limit_counters(&f, 0);
	CHECK(passed > 900 && passed <= 1 + TG_OVERFLOW_PER_LIMIT, "%d passed", passed);
	CHECK(counters.created == (uint64_t)passed, "%llu buckets, %d passed", counters.created,
	      passed);
	CHECK(admissions(&f, 0) == (uint64_t)passed, "as many admissions");
	CHECK(admissions(&f, 1) == 1, "there was one");
	passed = flood(&f, 0, 9000);
	CHECK(passed == 0, "%d passed: all are empty", passed);
	CHECK(limit_counters(&f, 0).created == counters.created, "no further bucket");
}

/* A packet that a full bucket cannot pay makes none, in any of its limits. */
TEST(test_too_large)
{
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: each, capacity: 5, rate: 1/h}, "
			      "{name: small, unit: bytes, capacity: 59, rate: 59B/s, "
			      "match: {destination_port: 9}}]"))
		return;
	CHECK(flood(&f, 0, 100) == 0, "60 bytes, with room for 59");
	CHECK(limit_counters(&f, 0).created == 0 && limit_counters(&f, 1).created == 0,
	      "%llu and %llu buckets", limit_counters(&f, 0).created,
	      limit_counters(&f, 1).created);
	CHECK(limit_counters(&f, 1).packets[TG_VERDICT_DROPPED] == 100, "counted");
}

/* But it gets its penalty, and takes a bucket of that limit alone. */
TEST(test_too_large_backoff)
{
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: each, capacity: 5, rate: 1/h}, "
			      "{name: small, unit: bytes, capacity: 59, rate: 59B/s, "
			      "backoff: {initial: 1s, factor: 2, max: 8s}}]"))
		return;
	CHECK(flood(&f, 0, 100) == 0, "60 bytes, with room for 59");
	CHECK(limit_counters(&f, 0).created == 0 && limit_counters(&f, 1).created == 100,
	      "%llu and %llu buckets", limit_counters(&f, 0).created,
	      limit_counters(&f, 1).created);
}

/* A shadow limit makes no bucket for what another limit refuses. */
TEST(test_shadow)
{
	FIXTURE f;

	if (!fixture_open(&f,
			  "limits: [{name: look, shadow: true, capacity: 5, rate: 1/h}, " ALL "]"))
		return;
	CHECK(flood(&f, 0, 1000) == 10, "what everyone may have");
	CHECK(limit_counters(&f, 0).created == 10, "%llu buckets", limit_counters(&f, 0).created);
}

#define SOURCES 40
#define MODELS	4

/* Tokens left in each of the buckets that a source of 10.0.0.0/24 has. */
struct model {
	int each[SOURCES], net[SOURCES / 8], port[2], all;
};

static bool model_admits(struct model *model, int source, int port)
{
	int *buckets[MODELS] = {&model->each[source], &model->net[source / 8], &model->port[port],
				&model->all};
	int i;

	for (i = 0; i < MODELS; i++)
		if (!*buckets[i])
			return false;
	for (i = 0; i < MODELS; i++)
		--*buckets[i];
	return true;
}

static uint64_t spent_by(struct fixture *fixture, int source)
{
	struct tg_bucket_key key = {
		.limit_id = fixture->compiled->records[fixture->compiled->slots[0]].id};
	struct tg_bucket bucket = {};
	const struct tg_rate *rate =
		&fixture->compiled->policy.limits[fixture->compiled->slots[0]].rate;

	key.address.low = htobe64(0xffff0a000000 | source);
	if (find_bucket(fixture, &key, &bucket) < 0)
		return 0;
	return tg_gcra_deficit(rate, bucket.state, tg_gcra_clock(rate, 1000 * S)) >> rate->scale;
}

/* Random packets against four limits: each is charged to all or to none, to the token. */
TEST(test_all_or_nothing)
{
	struct model model = {.port = {90, 90}, .all = 150};
	int i, source, port, wrong = 0;
	struct packet packet;
	char address[32];
	bool admits;
	FIXTURE f;

	for (i = 0; i < SOURCES; i++)
		model.each[i] = 6;
	for (i = 0; i < SOURCES / 8; i++)
		model.net[i] = 35;
	if (!fixture_open(&f, "limits: [{name: each, capacity: 6, rate: 1/h}, "
			      "{name: net, prefix: {ipv4: 29}, capacity: 35, rate: 1/h}, "
			      "{name: port, per: [destination, destination_port], capacity: 90, "
			      "rate: 1/h}, {name: all, per: everyone, capacity: 150, rate: 1/h}]"))
		return;
	srand(1);
	for (i = 0; i < 4000; i++) {
		source = rand() % SOURCES;
		port = rand() % 2;
		snprintf(address, sizeof(address), "10.0.0.%d", source);
		udp_from(&packet, address, port);
		admits = model_admits(&model, source, port);
		wrong += (run(&f, &packet, packet.length) == XDP_PASS) != admits;
	}
	CHECK(wrong == 0, "%d of 4000 are not as the model says", wrong);
	CHECK(model.all == 0, "the last tokens were taken");
	for (i = 0; i < SOURCES; i++)
		CHECK(spent_by(&f, i) == (uint64_t)(6 - model.each[i]), "source %d", i);
}

TEST_MAIN(RUN(test_spoofed), RUN(test_who_refuses), RUN(test_overflow_before_insertion),
	  RUN(test_too_large), RUN(test_too_large_backoff), RUN(test_shadow),
	  RUN(test_all_or_nothing))
