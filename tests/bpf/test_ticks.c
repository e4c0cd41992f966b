// SPDX-License-Identifier: GPL-2.0-or-later
/* The coarse clock, on the kernel's own ticks: that it is CLOCK_MONOTONIC, late by up to a tick. */
#include "fixture.h"
#include "kernel/packet_clock.h"
#include "kernel/tick_program.h"

#define READINGS 400
#define PAUSE_NS 370000 /* no part of any kernel's tick, so that all of a tick is seen */

static uint64_t tick_begin;

static void set_ticks(struct fixture *fixture)
{
	struct tg_policy *policy = (struct tg_policy *)&fixture->skeleton->rodata->policy;

	policy->tick = tg_clock_tick(); /* not all kernels have the fixture's */
	policy->tick_begin = tick_begin;
}

static bool open_real(struct fixture *fixture)
{
	fixture_virtual = false;
	fixture_before_load = set_ticks;
	if (!fixture_unable())
		CHECK(tg_ticks_find(tg_clock_tick(), &tick_begin) == 0);
	return fixture_open(fixture, "limits: [{name: l, capacity: 1, rate: 1/m}]");
}

static int by_number(const void *a, const void *b)
{
	const int64_t *one = a, *other = b;

	return (*one > *other) - (*one < *other);
}

/* Of the two it is the precise one that is read first. Some readings are interrupted between. */
TEST(test_late_by_up_to_a_tick)
{
	static int64_t late[READINGS];
	struct timespec pause = {.tv_nsec = PAUSE_NS};
	int64_t tick = tg_clock_tick(), least, most;
	struct tg_sweep request = {};
	struct fixture f;
	int i;

	if (!open_real(&f))
		return;
	for (i = 0; i < READINGS; i++) {
		CHECK(sweep(&f, &request) == 0);
		late[i] = request.now[TG_CLOCK_PRECISE] - request.now[TG_CLOCK_COARSE];
		nanosleep(&pause, NULL);
	}
	qsort(late, READINGS, sizeof(late[0]), by_number);
	least = late[READINGS / 20];
	most = late[READINGS - READINGS / 20];
	CHECK(least > -tick / 8 && least < tick / 3, "late by %lld ns at least", (long long)least);
	CHECK(most > tick / 2 && most < tick * 3 / 2, "late by %lld ns at most", (long long)most);
	fixture_close(&f);
}

/* Two daemons, one after the other, would have the same clock without the note in `meta`. */
TEST(test_found_again)
{
	uint64_t tick = tg_clock_tick(), one = 0, other = 0, apart;

	if (fixture_unable())
		SKIP(fixture_unable());
	CHECK(tg_ticks_find(tick, &one) == 0);
	CHECK(tg_ticks_find(tick, &other) == 0);
	apart = one > other ? one - other : other - one;
	CHECK(apart < tick / 8, "%llu ns apart", (unsigned long long)apart);
}

TEST_MAIN(RUN(test_late_by_up_to_a_tick), RUN(test_found_again))
