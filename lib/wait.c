// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/*
 * Waits without a queue: the bucket decides who comes first, so a waiter that goes away leaves
 * nothing behind.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"
#include "target.h"

#define DOUBLINGS_MAX 32

struct tidegate_wait {
	struct tidegate *handle;
	char *limit, *key;
	uint64_t cost;
	struct tidegate_patience patience;
	uint64_t started; /* ns, CLOCK_MONOTONIC; 0 before the first try */
	unsigned int attempts;
};

static uint64_t now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec * TG_NS_PER_S + time.tv_nsec;
}

static void free_wait(struct tidegate_wait **wait)
{
	if (!*wait)
		return;
	free((*wait)->limit);
	free((*wait)->key);
	free(*wait);
	*wait = NULL;
}

int tidegate_wait_begin(struct tidegate *handle, const char *limit, const char *key, uint64_t cost,
			const struct tidegate_patience *patience, struct tidegate_wait **wait)
{
	tg_cleanup(free_wait) struct tidegate_wait *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	made->handle = handle;
	made->limit = strdup(limit ? limit : "");
	made->key = strdup(key ? key : "");
	made->cost = cost;
	made->patience = *patience;
	if (!made->limit || !made->key)
		return -ENOMEM;
	__atomic_add_fetch(&handle->waiting, 1, __ATOMIC_RELAXED);
	*wait = TAKE_PTR(made);
	return 0;
}

/*
 * Peeks first after the first try, because one waiter that comes too early would cause a penalty
 * for all waiters on the key.
 */
static int charge(struct tidegate_wait *wait, struct tidegate_answer *answer)
{
	int error = 0;

	if (wait->attempts)
		error = tidegate_peek(wait->handle, wait->limit, wait->key, wait->cost, answer);
	if (error || (wait->attempts && !answer->admitted))
		return error;
	return tidegate_charge(wait->handle, wait->limit, wait->key, wait->cost, answer);
}

static uint64_t pause_of(const struct tidegate_wait *wait, const struct tidegate_answer *answer)
{
	unsigned int doublings = wait->attempts < DOUBLINGS_MAX ? wait->attempts : DOUBLINGS_MAX;
	uint64_t pause = wait->patience.backoff_ns << doublings;

	if (pause >> doublings != wait->patience.backoff_ns)
		pause = TIDEGATE_NEVER;
	return pause > answer->retry_after_ns ? pause : answer->retry_after_ns;
}

int tidegate_wait_try(struct tidegate_wait *wait, struct tidegate_answer *answer,
		      uint64_t *sleep_ns)
{
	struct tidegate_answer found;
	uint64_t pause, waited;
	int error;

	if (!wait->started)
		wait->started = now();
	error = charge(wait, &found);
	if (error)
		return error;
	*answer = found;
	if (found.admitted)
		return 0;
	pause = pause_of(wait, &found);
	waited = now() - wait->started;
	if (waited > wait->patience.max_ns || pause > wait->patience.max_ns - waited)
		return 0;
	wait->attempts++;
	*sleep_ns = pause;
	return 1;
}

void tidegate_wait_end(struct tidegate_wait **wait)
{
	if (!*wait)
		return;
	__atomic_sub_fetch(&(*wait)->handle->waiting, 1, __ATOMIC_RELAXED);
	free_wait(wait);
}

uint64_t tidegate_waiting(const struct tidegate *handle)
{
	return __atomic_load_n(&handle->waiting, __ATOMIC_RELAXED);
}
