// SPDX-License-Identifier: GPL-2.0-or-later
/* The worker: what runs where, in which order, and what its end leaves undone. */
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/log.h"
#include "daemon/worker.h"
#include "test.h"

struct work {
	struct tg_job job;
	int number, turns; /* of the loop until it was done */
	pthread_t ran_in;
	bool blocked; /* signals were */
};

static struct {
	struct event_base *base;
	struct tg_worker *worker;
	int ran, done; /* jobs; the last number */
	pthread_mutex_t gate;
} world = {.gate = PTHREAD_MUTEX_INITIALIZER};

static void run(void *data)
{
	struct work *work = data;
	sigset_t mask;

	pthread_mutex_lock(&world.gate);
	pthread_mutex_unlock(&world.gate);
	pthread_sigmask(SIG_SETMASK, NULL, &mask);
	work->blocked = sigismember(&mask, SIGTERM) && sigismember(&mask, SIGHUP);
	work->ran_in = pthread_self();
	CHECK(work->number == world.ran + 1, "in order");
	world.ran = work->number;
}

static void done(void *data)
{
	const struct work *work = data;

	CHECK(pthread_equal(pthread_self(), work->ran_in) == 0, "in two threads");
	CHECK(work->blocked, "the thread takes no signals");
	CHECK(work->number == world.done + 1, "in order");
	world.done = work->number;
}

static void begin(void)
{
	tg_log_setup("test", TG_LOG_ERROR, TG_LOG_TEXT);
	world.ran = world.done = 0;
	world.base = event_base_new();
	CHECK(tg_worker_open(world.base, &world.worker) == 0);
}

static void give(struct work *work, int number)
{
	*work = (struct work){.number = number};
	work->job = (struct tg_job){.run = run, .done = done, .data = work};
	tg_worker_run(world.worker, &work->job);
}

TEST(in_order)
{
	struct work work[20];
	int i;

	begin();
	for (i = 0; i < 20; i++)
		give(&work[i], i + 1);
	while (world.done < 20)
		event_base_loop(world.base, EVLOOP_ONCE);
	CHECK(world.ran == 20);
	tg_worker_close(&world.worker);
	CHECK(!world.worker);
	event_base_free(world.base);
}

/* The loop turns while a job runs. The end waits for that job, and does no other. */
TEST(the_end)
{
	struct work work[3];
	int i;

	begin();
	pthread_mutex_lock(&world.gate);
	for (i = 0; i < 3; i++)
		give(&work[i], i + 1);
	for (i = 0; i < 10; i++)
		event_base_loop(world.base, EVLOOP_NONBLOCK);
	CHECK(world.done == 0, "nothing is done yet");
	pthread_mutex_unlock(&world.gate);
	tg_worker_close(&world.worker);
	CHECK(world.done == 0, "nothing is done any more");
	event_base_free(world.base);
	tg_worker_close(&world.worker);
}

TEST_MAIN(RUN(in_order), RUN(the_end))
