// SPDX-License-Identifier: GPL-2.0-or-later
/* Room in the table for each limit, whatever the others hold, on a virtual clock. */
#include <pthread.h>

#include "places.h"
#include "reclaim_fixture.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define SIZE  1024
#define TABLE "table: {size: 1024}\n"
#define DNS   "{name: dns, match: {protocol: udp, destination_port: 53}, capacity: 20, rate: 10/s}"
/* Each packet is owed for 12 minutes. */
#define LOGIN                                                                                      \
	"{name: login, match: {protocol: udp, destination_port: 22}, capacity: 5, rate: 5/h%s}"

/* @n packets to @port, each from an IPv4 source of its own; how many pass. */
static int flood(struct fixture *fixture, uint32_t first, int n, uint16_t port)
{
	struct packet packet;
	int passed = 0;

	udp_from(&packet, "10.0.0.0", port);
	for (; n--; first++) {
		uint32_t address = htonl(0x0a000000 | first);

		memcpy(packet.bytes + packet.l3 + 12, &address,
		       4); /* nobody looks at the checksum */
		passed += run(fixture, &packet, packet.length) == XDP_PASS;
	}
	return passed;
}

static struct tg_table_usage usage_of(struct fixture *fixture)
{
	struct tg_table_usage usage = {};

	CHECK(tg_table_read_usage(bpf_map__fd(fixture->skeleton->maps.buckets), &usage) == 0);
	return usage;
}

/* Buckets in the table, of the limit by its index in the configuration. */
static uint32_t held(struct fixture *fixture, size_t limit)
{
	return TG_QUOTA_HELD(usage_of(fixture).quotas[fixture->compiled->slots[limit]]);
}

static uint32_t reserved(struct fixture *fixture, size_t limit)
{
	return TG_QUOTA_RESERVED(usage_of(fixture).quotas[fixture->compiled->slots[limit]]);
}

static bool open_with(struct fixture *fixture, const char *table, const char *login)
{
	char yaml[1024];

	snprintf(yaml, sizeof(yaml), "%slimits:\n  - " DNS "\n  - " LOGIN "\n", table, login);
	return fixture_open(fixture, yaml);
}

/* Next tick: a limit that found no room does not try again before. */
static void tick(struct fixture *fixture, uint64_t *now)
{
	*now += TICK;
	set_now(fixture, *now);
}

/*
 * The slow limit fills what is open and its own part, and nothing more, from spoofed sources at a
 * rate that nobody notices. A new source of the other one has its whole bucket, 10 minutes later
 * too.
 */
TEST(test_slow_limit)
{
	struct tg_limit_counters before;
	int second;
	FIXTURE f;

	if (!open_with(&f, TABLE, ", new_sources: {rate: 100/s, burst: 200}"))
		return;
	CHECK(reserved(&f, 0) == 256 && reserved(&f, 1) == 256 && usage_of(&f).open == 512,
	      "half in two parts");
	for (second = 1; second <= 30; second++) {
		set_now(&f, (1000 + second) * S);
		flood(&f, second * 100, 100, 22);
	}
	CHECK(held(&f, 1) == 768 && held(&f, 0) == 0, "%u", held(&f, 1));
	before = limit_counters(&f, 1);
	CHECK(before.table_full > 1000, "the others share, and are counted: %llu",
	      before.table_full);
	CHECK(passes(&f, "192.0.2.1", 53, 50) == 20, "the other limit has room");
	CHECK(held(&f, 0) == 1 && limit_counters(&f, 0).overflowed == 0);
	set_now(&f, 1640 * S);
	CHECK(reclaim(&f, 0) == 1 && held(&f, 1) == 768, "all of it is owed still");
	CHECK(flood(&f, 1 << 20, 256, 53) == 256 && held(&f, 0) == 256 && check_places(&f) == SIZE,
	      "to the last entry of its part");
	flood(&f, 2 << 20, 1, 53);
	CHECK(held(&f, 0) == 256 && limit_counters(&f, 0).table_full == 1,
	      "and not more than that");
	set_now(&f, 1600 * S + 1800 * S);
	CHECK(reclaim(&f, 0) == SIZE && usage_of(&f).open == 512 && check_places(&f) == 0,
	      "all goes, once it is not owed any more");
}

/* What one limit cannot get in a tick does not keep others out in the same tick. */
TEST(test_same_tick)
{
	FIXTURE f;

	if (!open_with(&f, TABLE, ""))
		return;
	flood(&f, 0, 2000, 22);
	CHECK(limit_counters(&f, 1).table_full == 2000 - 768);
	CHECK(flood(&f, 1 << 20, 256, 53) == 256 && limit_counters(&f, 0).created == 256 &&
		      limit_counters(&f, 0).overflowed == 0,
	      "%llu", limit_counters(&f, 0).created);
}

/* One address with a bucket for each port. */
TEST(test_many_ports)
{
	struct packet packet;
	int port;
	FIXTURE f;

	if (!fixture_open(
		    &f, TABLE
		    "limits:\n"
		    "  - {name: ports, match: {protocol: udp}, per: [source, destination_port], "
		    "capacity: 1, rate: 1/h}\n"
		    "  - {name: all, match: {protocol: tcp}, per: everyone, capacity: 9, rate: 9/s}\n"
		    "  - {name: web, match: {protocol: tcp}, capacity: 9, rate: 9/h}\n"))
		return;
	for (port = 1; port <= 3000; port++)
		passes(&f, "192.0.2.1", port, 1);
	/* 1,023 beside the place of `all`: 511 in two parts of 255, and 513 are open */
	CHECK(held(&f, 0) == 255 + 513 && reserved(&f, 1) == 1 && reserved(&f, 2) == 255, "%u",
	      held(&f, 0));
	put_ethernet(&packet, ETH_P_IP);
	put_ipv4(&packet, "198.51.100.7", IPPROTO_TCP, 0, 0);
	put_tcp(&packet, 443, 5);
	packet_done(&packet);
	CHECK(run(&f, &packet, packet.length) == XDP_PASS && held(&f, 1) == 1 && held(&f, 2) == 1,
	      "a new source of the others, and everyone's bucket");
}

/* One site of IPv6 has 65,536 networks of the length that a source is. */
TEST(test_one_site)
{
	struct packet packet;
	uint16_t network;
	FIXTURE f;

	if (!open_with(&f, TABLE, ""))
		return;
	udp_from(&packet, "2001:db8:77::1", 22);
	for (network = 0; network < 5000; network++) {
		uint16_t wire = htons(network);

		memcpy(packet.bytes + packet.l3 + 8 + 6, &wire, 2);
		run(&f, &packet, packet.length);
	}
	CHECK(held(&f, 1) == 768, "%u", held(&f, 1));
	CHECK(passes(&f, "2001:db8:77::1", 53, 50) == 20 && passes(&f, "192.0.2.1", 53, 50) == 20,
	      "there is room for the other limit, of the same site too");
}

TEST(test_shares)
{
	uint64_t now = 1000 * S;
	FIXTURE f;

	if (!open_with(&f, "table: {size: 1000, reserve: 40%}\n", ", table_share: 10%"))
		return;
	CHECK(reserved(&f, 0) == 300 && reserved(&f, 1) == 100 && usage_of(&f).open == 600);
	flood(&f, 0, 2000, 22);
	CHECK(held(&f, 1) == 700, "%u", held(&f, 1));
	flood(&f, 1 << 20, 2000, 53);
	CHECK(held(&f, 0) == 300, "%u", held(&f, 0));
	/* what is full goes, and comes back to whose part it was */
	set_now(&f, now = 1010 * S);
	CHECK(reclaim(&f, 0) == 300 && held(&f, 1) == 700 && usage_of(&f).open == 0);
	flood(&f, 4000, 9, 22);
	CHECK(held(&f, 1) == 700, "not to who owes: %u", held(&f, 1));
	tick(&f, &now);
	CHECK(flood(&f, 2 << 20, 300, 53) == 300 && held(&f, 0) == 300);
}

TEST(test_no_reserve)
{
	FIXTURE f;

	if (!open_with(&f, "table: {size: 1024, reserve: 0}\n", ""))
		return;
	flood(&f, 0, 2000, 22);
	CHECK(held(&f, 1) == SIZE && flood(&f, 1 << 20, 100, 53) == 100 && held(&f, 0) == 0,
	      "first come, first served");
	CHECK(limit_counters(&f, 0).table_full == 100);
}

/* Another policy on the same table, as after a reload: what is held stays, and what is not goes on.
 */
static void reserve_slot(struct fixture *fixture, size_t limit, uint32_t part)
{
	uint32_t slot = fixture->compiled->slots[limit];
	uint32_t index = TG_TABLE_FIRST_QUOTA + slot / TG_QUOTAS_PER_LINE;
	union tg_table_line *lines =
		mmap(NULL, (index + 1) * sizeof(*lines), PROT_READ | PROT_WRITE, MAP_SHARED,
		     bpf_map__fd(fixture->skeleton->maps.buckets), 0);

	CHECK(lines != MAP_FAILED, "%s", strerror(errno));
	if (lines == MAP_FAILED)
		return;
	tg_quota_reserve(&lines[index].quotas[slot % TG_QUOTAS_PER_LINE], &lines[0].head.open,
			 part);
	munmap(lines, (index + 1) * sizeof(*lines));
}

TEST(test_divided_anew)
{
	uint64_t now = 1000 * S;
	FIXTURE f;

	if (!open_with(&f, "table: {size: 1024, reserve: 0}\n", ""))
		return;
	flood(&f, 0, 2000, 22);
	CHECK(held(&f, 1) == SIZE);
	reserve_slot(&f, 0, 256);
	reserve_slot(&f, 1, 256);
	CHECK(usage_of(&f).open == -256 && check_places(&f) == SIZE, "more than is free: %lld",
	      (long long)usage_of(&f).open);
	tick(&f, &now);
	flood(&f, 1 << 20, 100, 53);
	CHECK(held(&f, 0) == 0 && limit_counters(&f, 0).table_full == 100, "no entry is free yet");
	/* one bucket after another is paid; those who wait get it, and not those who owe */
	set_now(&f, now = 1000 * S + 3600 * S);
	CHECK(reclaim(&f, 0) == SIZE && usage_of(&f).open == 512, "%lld",
	      (long long)usage_of(&f).open);
	flood(&f, 0, 2000, 22);
	CHECK(held(&f, 1) == 768, "%u", held(&f, 1));
	CHECK(flood(&f, 1 << 20, 256, 53) == 256 && held(&f, 0) == 256);
	/* the program goes back to what the policy says */
	CHECK(divide_table(&f) == 0 && reserved(&f, 0) == 0 && usage_of(&f).open == 0 &&
	      check_places(&f) == SIZE);
	CHECK(divide_table(&f) == 0 && usage_of(&f).open == 0, "and twice changes nothing");
}

/* Buckets of a limit that is gone count until they are taken out, then make room. */
TEST(test_limit_that_goes)
{
	struct tg_sweep forget = {.flags = TG_SWEEP_FORGET};
	struct tg_limit_record none = {};
	uint32_t slot;
	FIXTURE f;

	if (!open_with(&f, TABLE, ""))
		return;
	flood(&f, 0, 2000, 22);
	slot = f.compiled->slots[1];
	bpf_map__update_elem(f.skeleton->maps.records, &slot, 4, &none, sizeof(none), BPF_ANY);
	reserve_slot(&f, 1, 0);
	CHECK(held(&f, 1) == 768 && usage_of(&f).open == 0, "all of them are in nobody's part now");
	CHECK(sweep(&f, &forget) == 0 && held(&f, 1) == 0 && usage_of(&f).open == 768, "%lld",
	      (long long)usage_of(&f).open);
	CHECK(check_places(&f) == 0);
}

/* A reset gives tokens back and takes no bucket out. */
TEST(test_reset)
{
	struct tg_sweep reset = {.flags = TG_SWEEP_RESET};
	FIXTURE f;

	if (!open_with(&f, TABLE, ""))
		return;
	flood(&f, 0, 2000, 22);
	CHECK(sweep(&f, &reset) == 0 && reset.reset == 768 && held(&f, 1) == 768);
	CHECK(check_places(&f) == 768);
	CHECK(reclaim(&f, 0) == 768 && usage_of(&f).open == 512, "they are full, and can go");
}

/* A sweep for one limit takes out what that limit does not need. */
TEST(test_reclaim_of_one)
{
	struct tg_sweep request = {.flags = TG_SWEEP_RECLAIM | TG_SWEEP_BY_LIMIT};
	FIXTURE f;

	if (!open_with(&f, TABLE, ""))
		return;
	flood(&f, 0, 100, 22);
	flood(&f, 1 << 20, 100, 53);
	set_now(&f, 9000 * S);
	request.limit_id = f.compiled->records[f.compiled->slots[0]].id;
	CHECK(sweep(&f, &request) == 0 && request.reclaimed == 100 && held(&f, 0) == 0 &&
	      held(&f, 1) == 100);
}

/* A table of another size is divided first, and copying keeps to the parts. */
TEST(test_copy)
{
	FIXTURE from, to;

	memset(&to, 0, sizeof(to));
	if (!open_with(&from, "table: {size: 4096, reserve: 0}\n", ""))
		return;
	flood(&from, 0, 3000, 22);
	flood(&from, 1 << 20, 200,
	      53); /* after the others, where no entry would be left for them */
	if (!open_with(&to, TABLE, ""))
		return;
	CHECK(tg_table_copy(bpf_map__fd(from.skeleton->maps.buckets),
			    bpf_map__fd(to.skeleton->maps.buckets),
			    &to.compiled->policy.table) == 0);
	CHECK(held(&to, 0) == 200 && held(&to, 1) == 768, "%u and %u", held(&to, 0), held(&to, 1));
	CHECK(check_places(&to) == 968 && usage_of(&to).open == 0);
	CHECK(flood(&to, 2 << 20, 56, 53) == 56 && held(&to, 0) == 256, "its part goes on");
}

/* The sets of a limit's key may be full, though the limit has room: then it shares, and room stays.
 */
TEST(test_full_sets)
{
	enum { CHAINED = TG_TABLE_CHAIN * TG_TABLE_WAYS };
	uint32_t addresses[CHAINED + 50];
	struct tg_limit_counters counters;
	int i;
	FIXTURE f;

	if (!fixture_open(&f, TABLE "limits: [{name: l, capacity: 1, rate: 1/h}]\n"))
		return;
	collide_in(&f, 7, 0x0b000000, addresses, CHAINED + 50);
	for (i = 0; i < CHAINED + 50; i++)
		passes_of(&f, addresses[i], 1);
	counters = limit_counters(&f, 0);
	CHECK(counters.created == CHAINED && counters.overflowed == 50 && counters.table_full == 0,
	      "%llu", counters.created);
	CHECK(held(&f, 0) == CHAINED && check_places(&f) == CHAINED,
	      "what found no way holds no room");
}

/* Two limits are flooded on several CPUs while buckets are taken out. */
struct intruder {
	struct fixture *fixture;
	pthread_t thread;
	uint32_t first;
	uint16_t port;
};

static int finished; /* intruders */

static void *intrude(void *data)
{
	const struct intruder *intruder = data;
	int round;

	for (round = 0; round < 40; round++)
		flood(intruder->fixture, intruder->first + round * 1000, 1000, intruder->port);
	__atomic_add_fetch(&finished, 1, __ATOMIC_SEQ_CST);
	return NULL;
}

TEST(test_threads)
{
	struct intruder intruders[4];
	uint64_t now = 1000 * S;
	int i, gone = 0;
	FIXTURE f;

	if (!open_with(&f, TABLE, ""))
		return;
	for (i = 0; i < 4; i++) {
		intruders[i] = (struct intruder){&f, 0, i * 1000000, i % 2 ? 22 : 53};
		pthread_create(&intruders[i].thread, NULL, intrude, &intruders[i]);
	}
	while (__atomic_load_n(&finished, __ATOMIC_SEQ_CST) < 4) {
		set_now(&f, now += S);
		gone += reclaim(&f, 0);
		CHECK(held(&f, 1) <= 768, "%u", held(&f, 1));
	}
	for (i = 0; i < 4; i++)
		pthread_join(intruders[i].thread, NULL);
	CHECK(gone, "some went meanwhile");
	set_now(&f, now += S);
	flood(&f, 5000000, 2000, 22);
	flood(&f, 6000000, 2000, 53);
	CHECK(held(&f, 0) + held(&f, 1) == SIZE && check_places(&f) == SIZE, "full: %u and %u",
	      held(&f, 0), held(&f, 1));
	set_now(&f, now + 3600 * S);
	CHECK(reclaim(&f, 0) == SIZE && usage_of(&f).open == 512 && check_places(&f) == 0,
	      "nothing is lost: %lld open", (long long)usage_of(&f).open);
}

TEST_MAIN(RUN(test_slow_limit), RUN(test_same_tick), RUN(test_many_ports), RUN(test_one_site),
	  RUN(test_shares), RUN(test_no_reserve), RUN(test_divided_anew), RUN(test_limit_that_goes),
	  RUN(test_reset), RUN(test_reclaim_of_one), RUN(test_copy), RUN(test_full_sets),
	  RUN(test_threads))
