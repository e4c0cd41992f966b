// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The table with packets on two CPUs and a sweep at once. The clock stands still: a bucket that has
 * given anything is never full again, and so must never go, and what it gave is counted for good.
 */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <tidegate/shared.h>

#include "places.h"
#include "reclaim_fixture.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define FRAME	60  /* bytes, as passes_of() sends it */
#define LARGE	700 /* more than a bucket ever holds: makes one that stays full, and so can go */
#define HELD	10  /* frames that a bucket holds */
#define ROUNDS	80
#define PACKETS 4000 /* of each sender in a round */
#define KEYS	400

/* Refilled so soon that it is by the precise clock: the coarse one can go on, for a full table. */
#define LIMIT "limits: [{name: l, unit: bytes, capacity: 600, rate: 1MB/s}]"

/* What all threads have in common. */
struct scene {
	struct fixture *fixture;
	uint32_t addresses[KEYS]; /* ascending */
	atomic_bool done;
	atomic_int strangers, walked;
	atomic_uint gone;
};

struct actor {
	struct scene *scene;
	pthread_t thread;
	int cpu;
	uint32_t seed;
	int passed[KEYS];
};

static void run_on(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu % sysconf(_SC_NPROCESSORS_ONLN), &set);
	pthread_setaffinity_np(pthread_self(), sizeof(set), &set);
}

static void udp_of(struct packet *packet, size_t length)
{
	put_ethernet(packet, ETH_P_IP);
	put_ipv4(packet, "10.0.0.0", IPPROTO_UDP, 0, 0);
	put_udp(packet, 9, length - 14 - 20 - 8);
	packet_done(packet);
}

static bool send_from(struct scene *scene, struct packet *packet, uint32_t address)
{
	uint32_t wire = htonl(address);

	memcpy(packet->bytes + packet->l3 + 12, &wire, 4);
	return run(scene->fixture, packet, packet->length) == XDP_PASS;
}

/* Seven of eight are too large for anyone. */
static void *send_at_random(void *data)
{
	struct actor *actor = data;
	struct packet small, large;
	uint32_t i;
	int n;

	run_on(actor->cpu);
	udp_of(&small, FRAME);
	udp_of(&large, LARGE);
	for (n = 0; n < PACKETS; n++) {
		actor->seed = actor->seed * 1664525 + 1013904223;
		i = (actor->seed >> 15) % KEYS;
		actor->passed[i] += send_from(actor->scene, actor->seed & 0x700 ? &large : &small,
					      actor->scene->addresses[i]);
	}
	return NULL;
}

/* All places are candidates: so one call is a pass, and there is one all the time. */
static void make_candidates(struct fixture *fixture)
{
	uint32_t i;

	for (i = 0; i < fixture->compiled->policy.table.size; i++)
		bpf_map__update_elem(fixture->skeleton->maps.candidates, &i, sizeof(i), &i,
				     sizeof(i), BPF_ANY);
}

static void *reclaim_all_the_time(void *data)
{
	struct scene *scene = data;
	struct takeout takeout = {scene->fixture, {.flags = TG_SWEEP_RECLAIM}};

	while (!scene->done) {
		takeout.request.candidates = scene->fixture->compiled->policy.table.size;
		reclaim_candidates(&takeout);
		/* a table that was full is tried again */
		scene->fixture->skeleton->bss->virtual_now[TG_CLOCK_COARSE] += TICK;
	}
	scene->gone += takeout.request.reclaimed;
	return NULL;
}

static int compare_addresses(const void *a, const void *b)
{
	uint32_t one = *(const uint32_t *)a, other = *(const uint32_t *)b;

	return one < other ? -1 : one > other;
}

static int look_for_strangers(void *data, uint32_t number, const struct tg_table_entry *entry)
{
	struct scene *scene = data;
	uint32_t address = be64toh(entry->key.address.low);
	struct tg_bucket_key key = key_of_address(scene->fixture, address);

	scene->walked++;
	scene->strangers +=
		memcmp(&key, &entry->key, sizeof(key)) != 0 ||
		!bsearch(&address, scene->addresses, KEYS, sizeof(address), compare_addresses);
	return 0;
}

static void *walk_all_the_time(void *data)
{
	struct scene *scene = data;

	while (!scene->done)
		tg_table_each(bpf_map__fd(scene->fixture->skeleton->maps.buckets),
			      look_for_strangers, scene);
	return NULL;
}

/* Two senders, the sweep, and one who looks on. */
static void play(struct scene *scene, struct actor actors[2])
{
	pthread_t sweeper, walker;
	int i;

	scene->done = false;
	pthread_create(&sweeper, NULL, reclaim_all_the_time, scene);
	pthread_create(&walker, NULL, walk_all_the_time, scene);
	for (i = 0; i < 2; i++) {
		actors[i] =
			(struct actor){.scene = scene, .cpu = i, .seed = actors[i].seed + i + 1};
		pthread_create(&actors[i].thread, NULL, send_at_random, &actors[i]);
	}
	for (i = 0; i < 2; i++)
		pthread_join(actors[i].thread, NULL);
	scene->done = true;
	pthread_join(sweeper, NULL);
	pthread_join(walker, NULL);
}

/* Frames that a bucket lacks. */
static uint64_t given(struct fixture *fixture, const struct tg_bucket *bucket)
{
	const struct tg_limit *limit =
		&fixture->compiled->policy.limits[fixture->compiled->slots[0]];
	uint64_t now = fixture->skeleton->bss->virtual_now[TG_CLOCK_PRECISE];
	uint64_t units =
		tg_gcra_deficit(&limit->rate, bucket->state, tg_gcra_clock(&limit->rate, now));

	CHECK(limit->rate.clock == TG_CLOCK_PRECISE && (units >> limit->rate.scale) % FRAME == 0);
	return (units >> limit->rate.scale) / FRAME;
}

struct sum {
	struct fixture *fixture;
	uint64_t given;
};

static int add_given(void *data, uint32_t number, const struct tg_table_entry *entry)
{
	struct sum *sum = data;

	sum->given += given(sum->fixture, &entry->bucket);
	return 0;
}

/* What all buckets have given together, those that are shared too. */
static uint64_t given_by_all(struct fixture *fixture)
{
	uint32_t i, index, slot = fixture->compiled->slots[0];
	struct sum sum = {fixture, 0};
	struct tg_bucket bucket;

	tg_table_each(bpf_map__fd(fixture->skeleton->maps.buckets), add_given, &sum);
	for (i = 0; i < TG_OVERFLOW_PER_LIMIT; i++) {
		index = slot * TG_OVERFLOW_PER_LIMIT + i;
		bpf_map__lookup_elem(fixture->skeleton->maps.overflow, &index, 4, &bucket,
				     sizeof(bucket), 0);
		sum.given += given(fixture, &bucket);
	}
	return sum.given;
}

/* Whatever met: no entry is lost, no key there twice, and each token that was given is missing. */
static void check_scene(struct scene *scene, struct actor actors[2])
{
	struct tg_limit_counters counters = limit_counters(scene->fixture, 0);
	uint32_t taken = check_places(scene->fixture), i;
	uint64_t passed = 0;

	for (i = 0; i < KEYS; i++)
		passed += actors[0].passed[i] + actors[1].passed[i];
	CHECK(given_by_all(scene->fixture) == passed, "%llu passed, %llu are missing",
	      (unsigned long long)passed, (unsigned long long)given_by_all(scene->fixture));
	CHECK(taken == counters.created - scene->gone && counters.reclaimed == scene->gone,
	      "%u taken, %llu created, %llu went", taken, counters.created, counters.reclaimed);
	CHECK(scene->strangers == 0, "%d of %d that nobody sent from", scene->strangers,
	      scene->walked);
}

static void race(uint32_t size, bool alike)
{
	static struct scene scene;
	static struct actor actors[2];
	struct tg_limit_counters counters;
	char yaml[128];
	uint32_t i;
	FIXTURE f;

	snprintf(yaml, sizeof(yaml), "table: {size: %u}\n" LIMIT, size);
	if (!fixture_open(&f, yaml))
		return;
	memset(&scene, 0, sizeof(scene));
	memset(actors, 0, sizeof(actors));
	scene.fixture = &f;
	for (i = 0; i < KEYS; i++)
		scene.addresses[i] = 0x0b000000 + i;
	for (i = 0; i < 16 && alike; i++)
		collide_in(&f, i / 4 * 32 + i % 4, 0x0b000000, scene.addresses + i * KEYS / 16,
			   KEYS / 16);
	qsort(scene.addresses, KEYS, sizeof(uint32_t), compare_addresses);
	make_candidates(&f);
	for (i = 0; i < ROUNDS; i++) {
		play(&scene, actors);
		check_scene(&scene, actors);
		set_now(&f, (1010 + i) * S);
		scene.gone += reclaim(&f, 0);
		CHECK(check_places(&f) == 0 && sets_in_use(&f) == 0, "round %u", i);
		make_candidates(&f);
	}
	CHECK(scene.gone > ROUNDS * 20, "enough went to have met others: %u", scene.gone);
	counters = limit_counters(&f, 0);
	CHECK((counters.table_full > 0) == (size < KEYS), "%llu found a table of %u full",
	      counters.table_full, size);
}

TEST(test_race)
{
	race(1024, false);
}

TEST(test_race_of_full_sets)
{
	race(1024, true);
}

TEST(test_race_of_full_table)
{
	race(128, false);
}

#define MEETINGS 20000

/* Two that send the first packet of the same source at the same moment. */
struct pair {
	struct fixture *fixture;
	atomic_int here[2];
	int passed[2];
};

struct sender {
	struct pair *pair;
	int which;
};

static void *send_together(void *data)
{
	const struct sender *sender = data;
	struct pair *pair = sender->pair;
	struct scene scene = {.fixture = pair->fixture};
	struct packet packet;
	int i;

	run_on(sender->which);
	udp_of(&packet, FRAME);
	for (i = 1; i <= MEETINGS; i++) {
		pair->here[sender->which] = i;
		while (pair->here[!sender->which] < i)
			sched_yield();
		pair->passed[sender->which] += send_from(&scene, &packet, 0x0b000000 + i);
	}
	return NULL;
}

/* How many of the packets passed. */
static uint64_t send_pairs(struct fixture *fixture)
{
	struct pair pair = {.fixture = fixture};
	struct sender senders[2];
	pthread_t threads[2];
	int i;

	for (i = 0; i < 2; i++) {
		senders[i] = (struct sender){&pair, i};
		pthread_create(&threads[i], NULL, send_together, &senders[i]);
	}
	for (i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return pair.passed[0] + pair.passed[1];
}

TEST(test_same_source_at_once)
{
	struct tg_limit_counters counters;
	uint64_t passed;
	FIXTURE f;

	if (!fixture_open(&f, LIMIT))
		return;
	passed = send_pairs(&f);
	counters = limit_counters(&f, 0);
	CHECK(check_places(&f) == MEETINGS && counters.created == MEETINGS, "one bucket each: %llu",
	      counters.created);
	CHECK(given_by_all(&f) == passed, "%llu passed, %llu are missing",
	      (unsigned long long)passed, (unsigned long long)given_by_all(&f));
}

/* Who comes second waits for the first one's bucket, and is not sent to one that has more to give.
 */
TEST(test_no_more_than_its_own)
{
	struct tg_limit_counters counters;
	uint64_t passed;
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 1, rate: 1/h}]"))
		return;
	passed = send_pairs(&f);
	counters = limit_counters(&f, 0);
	CHECK(passed <= MEETINGS + counters.overflowed && counters.overflowed <= MEETINGS / 1000,
	      "%llu of %u, %llu share", (unsigned long long)passed, MEETINGS, counters.overflowed);
}

static void share_all(struct tg_config *config)
{
	config->limits[0].shared = true;
}

/* Tokens that the buckets have for the daemon to tell. */
static uint64_t to_tell(struct fixture *fixture)
{
	const struct tg_table *table = &fixture->compiled->policy.table;
	struct places places;
	uint64_t taken = 0;
	uint32_t i;

	if (!places_open(&places, bpf_map__fd(fixture->skeleton->maps.buckets), table))
		return 0;
	for (i = 0; i < table->size; i++)
		taken += places.lines[table->first_share + i / TG_SHARES_PER_LINE]
				 .shares[i % TG_SHARES_PER_LINE]
				 .taken;
	places_close(&places);
	return taken;
}

/* What the one gives at once is not forgotten when the other begins to count. */
TEST(test_shared_source_at_once)
{
	struct tg_share_state exchanged = {.fresh_until = ~0ULL};
	struct tg_limit_counters counters;
	uint64_t passed;
	uint32_t slot;
	FIXTURE f;

	fixture_before_compile = share_all;
	if (!fixture_open(&f, "limits: [{name: l, capacity: 100, rate: 1000/s}]"))
		return;
	fixture_before_compile = NULL;
	slot = f.compiled->slots[0];
	bpf_map__update_elem(f.skeleton->maps.shares, &slot, 4, &exchanged, sizeof(exchanged),
			     BPF_ANY);
	passed = send_pairs(&f);
	counters = limit_counters(&f, 0);
	CHECK(check_places(&f) == MEETINGS && passed > 0);
	CHECK(to_tell(&f) == passed - counters.overflowed,
	      "%llu passed, %llu by shared buckets, and %llu are to be told",
	      (unsigned long long)passed, counters.overflowed, (unsigned long long)to_tell(&f));
}

TEST_MAIN(RUN(test_race), RUN(test_race_of_full_sets), RUN(test_race_of_full_table),
	  RUN(test_same_source_at_once), RUN(test_no_more_than_its_own),
	  RUN(test_shared_source_at_once))
