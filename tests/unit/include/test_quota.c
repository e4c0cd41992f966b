// SPDX-License-Identifier: GPL-2.0-or-later
/* The room of the limits: what is handed out, one after the other and by many threads at once. */
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>

#include "test.h"
#include <tidegate/quota.h>

#define LIMITS 3

struct room {
	__u64 quotas[LIMITS];
	__s64 open;
};

static uint32_t held(const struct room *room, int limit)
{
	return TG_QUOTA_HELD(room->quotas[limit]);
}

/* What `open` must be in a table of @size. */
static int64_t open_in(const struct room *room, int64_t size)
{
	int i;

	for (i = 0; i < LIMITS; i++)
		size -= (int64_t)held(room, i) + tg_quota_unused(room->quotas[i]);
	return size;
}

/* How many of @n buckets the limit gets. */
static int take(struct room *room, int limit, int n)
{
	int got = 0;

	while (n--)
		got += tg_quota_take(&room->quotas[limit], &room->open) == TG_QUOTA_TAKEN;
	return got;
}

static void give(struct room *room, int limit, int n)
{
	while (n--)
		tg_quota_give(&room->quotas[limit], &room->open);
}

static void reserve(struct room *room, int limit, uint32_t reserved)
{
	tg_quota_reserve(&room->quotas[limit], &room->open, reserved);
}

TEST(test_parts)
{
	struct room room = {.open = 100};

	reserve(&room, 0, 20);
	reserve(&room, 1, 30);
	CHECK(room.open == 50, "%lld", room.open);
	CHECK(take(&room, 2, 100) == 50, "who has no part takes what is open");
	CHECK(take(&room, 0, 100) == 20 && take(&room, 1, 100) == 30,
	      "the others have their parts");
	CHECK(room.open == 0 && take(&room, 0, 1) == 0 && take(&room, 2, 1) == 0, "and no more");
	give(&room, 2, 1);
	CHECK(take(&room, 0, 9) == 1, "what becomes free and is open is for anybody");
	give(&room, 0, 2);
	CHECK(take(&room, 2, 9) == 1 && take(&room, 0, 9) == 1, "one was open, one was its own");
	give(&room, 0, 20);
	give(&room, 1, 30);
	CHECK(room.open == 0 && take(&room, 2, 9) == 0,
	      "what is reserved stays so when it is empty");
	give(&room, 2, 50);
	CHECK(room.open == 50 && !held(&room, 0) && !held(&room, 1) && !held(&room, 2));
	give(&room, 0, 1);
	CHECK(!held(&room, 0) && room.open == 50, "nothing is given back that was not taken");
}

TEST(test_changes)
{
	struct room room = {.open = 100};

	CHECK(take(&room, 0, 70) == 70 && take(&room, 1, 20) == 20, "nothing is reserved");
	reserve(&room, 0, 50);
	CHECK(room.open == 10, "it has that already: %lld", room.open);
	reserve(&room, 1, 40);
	CHECK(room.open == -10, "20 are reserved, and 10 free: %lld", room.open);
	CHECK(take(&room, 0, 9) == 0, "who is above its part waits");
	CHECK(take(&room, 1, 30) == 20 && room.open == -10,
	      "the table itself gives out 10 of these");
	give(&room, 1, 10);
	give(&room, 0, 10);
	CHECK(room.open == 0 && take(&room, 0, 9) == 0 && take(&room, 1, 99) == 10);
	give(&room, 0, 5);
	CHECK(room.open == 5 && take(&room, 2, 9) == 5, "only then is it open");
	reserve(&room, 1, 10);
	CHECK(room.open == 0 && held(&room, 1) == 40, "what it holds stays: %lld", room.open);
	give(&room, 1, 30);
	CHECK(room.open == 30 && take(&room, 2, 99) == 30, "and is open when it goes");
	reserve(&room, 0, 0);
	reserve(&room, 1, 0);
	CHECK(room.open == open_in(&room, 100));
}

TEST(test_room)
{
	CHECK(tg_quota_room(0, 7) == 7 && tg_quota_room(0, 0) == 0 && tg_quota_room(0, -7) == 0);
	CHECK(tg_quota_room(5ULL << 32 | 2, 7) == 10 && tg_quota_room(5ULL << 32 | 9, 7) == 7);
	CHECK(tg_quota_room(5ULL << 32 | 2, -7) == 3, "its own part is not touched");
	CHECK(tg_quota_room(UINT64_MAX, 1) == 1 &&
	      tg_quota_room(~0U * (1ULL << 32), 1) == 1ULL << 32);
}

/* Many threads take and give, at random, while another one changes what is reserved. */
#define THREADS 8
#define TURNS	200000
#define SIZE	64 /* small, so that all of it is taken most of the time */

static struct room crowded;
static int64_t
	taken; /* entries in hand: never more than there are while nothing is reserved anew */
static int64_t most;

struct worker {
	pthread_t thread;
	unsigned int seed;
	int limit;
	int in_hand;
};

static void note_most(int64_t now)
{
	int64_t before = __atomic_load_n(&most, __ATOMIC_RELAXED);

	while (now > before && !__atomic_compare_exchange_n(&most, &before, now, false,
							    __ATOMIC_RELAXED, __ATOMIC_RELAXED))
		;
}

static void *work(void *data)
{
	struct worker *worker = data;
	int turn;

	for (turn = 0; turn < TURNS; turn++) {
		if (worker->in_hand && rand_r(&worker->seed) % 5 < 2) {
			__atomic_sub_fetch(&taken, 1, __ATOMIC_SEQ_CST);
			give(&crowded, worker->limit, 1);
			worker->in_hand--;
		} else if (take(&crowded, worker->limit, 1)) {
			note_most(__atomic_add_fetch(&taken, 1, __ATOMIC_SEQ_CST));
			worker->in_hand++;
		}
	}
	return NULL;
}

static void run_threads(bool changes)
{
	struct worker workers[THREADS] = {};
	int in_hand[LIMITS] = {}, i;
	unsigned int seed = 1;

	for (i = 0; i < THREADS; i++) {
		workers[i].seed = i + 1;
		workers[i].limit = i % LIMITS;
		pthread_create(&workers[i].thread, NULL, work, &workers[i]);
	}
	for (i = 0; changes && i < 20000; i++)
		reserve(&crowded, i % LIMITS, rand_r(&seed) % (SIZE / LIMITS));
	for (i = 0; i < THREADS; i++) {
		pthread_join(workers[i].thread, NULL);
		in_hand[workers[i].limit] += workers[i].in_hand;
	}
	for (i = 0; i < LIMITS; i++)
		CHECK(held(&crowded, i) == (uint32_t)in_hand[i], "limit %d holds %d, it counts %u",
		      i, in_hand[i], held(&crowded, i));
	CHECK(crowded.open == open_in(&crowded, SIZE), "%lld are open, want %lld", crowded.open,
	      (long long)open_in(&crowded, SIZE));
	for (i = 0; i < LIMITS; i++)
		give(&crowded, i, in_hand[i]);
	taken = 0;
}

TEST(test_threads)
{
	crowded = (struct room){.open = SIZE};
	reserve(&crowded, 0, 10);
	reserve(&crowded, 1, 20);
	most = 0;
	run_threads(false);
	CHECK(most <= SIZE && most >= SIZE / 2, "%lld of %d at once", (long long)most, SIZE);
	CHECK(crowded.open == SIZE - 30);
	run_threads(true);
}

/* Others hold all that is open, all the time: a limit below its part gets room at each try. */
static void *hold_all(void *data)
{
	const bool *stop = data;
	unsigned int seed = (uintptr_t)data;
	int in_hand = 0;

	while (!__atomic_load_n(stop, __ATOMIC_RELAXED)) {
		in_hand += take(&crowded, 1, 3);
		if (in_hand && rand_r(&seed) % 4 == 0) {
			give(&crowded, 1, 1);
			in_hand--;
		}
	}
	return NULL;
}

TEST(test_part_is_safe)
{
	pthread_t threads[THREADS];
	bool stop = false;
	int i, refused = 0;

	crowded = (struct room){.open = SIZE};
	reserve(&crowded, 0, 10);
	for (i = 0; i < THREADS; i++)
		pthread_create(&threads[i], NULL, hold_all, &stop);
	for (i = 0; i < 100000; i++) {
		refused += 10 - take(&crowded, 0, 10);
		give(&crowded, 0, 10 - refused);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
	CHECK(!refused && held(&crowded, 0) == 0, "%d refused", refused);
	CHECK(held(&crowded, 1) <= SIZE - 10, "%u", held(&crowded, 1));
}

TEST_MAIN(RUN(test_parts), RUN(test_changes), RUN(test_room), RUN(test_threads),
	  RUN(test_part_is_safe))
