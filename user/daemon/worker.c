// SPDX-License-Identifier: GPL-2.0-or-later
/* One thread, two queues under one lock, and an eventfd that wakes the event loop. */
#include "daemon/worker.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/event_first.h"
#include "base/cleanup.h"
#include "base/log.h"

STAILQ_HEAD(jobs, tg_job);

struct tg_worker {
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* of the next three */
	struct jobs given, finished;
	bool ending;
	pthread_cond_t changed; /* `given` or `ending` */
	int wake;
	struct event *readable;
};

static struct tg_job *take(struct jobs *jobs)
{
	struct tg_job *job = STAILQ_FIRST(jobs);

	if (job)
		STAILQ_REMOVE_HEAD(jobs, entry);
	return job;
}

/* Waits for a job. Returns NULL when the thread is to end. */
static struct tg_job *next_job(struct tg_worker *worker)
{
	struct tg_job *job;

	pthread_mutex_lock(&worker->lock);
	while (!worker->ending && STAILQ_EMPTY(&worker->given))
		pthread_cond_wait(&worker->changed, &worker->lock);
	job = worker->ending ? NULL : take(&worker->given);
	pthread_mutex_unlock(&worker->lock);
	return job;
}

static void *work(void *data)
{
	struct tg_worker *worker = data;
	const uint64_t one = 1;
	struct tg_job *job;

	while ((job = next_job(worker))) {
		job->run(job->data);
		pthread_mutex_lock(&worker->lock);
		STAILQ_INSERT_TAIL(&worker->finished, job, entry);
		pthread_mutex_unlock(&worker->lock);
		/* Fails only if 2^64 - 1 jobs wait. */
		if (write(worker->wake, &one, sizeof(one)) < 0)
			tg_log_errno(errno, "worker");
	}
	return NULL;
}

static void on_finished(evutil_socket_t fd, short what, void *data)
{
	struct tg_worker *worker = data;
	struct tg_job *job;
	uint64_t n;

	if (read(worker->wake, &n, sizeof(n)) < 0)
		return;
	for (;;) {
		pthread_mutex_lock(&worker->lock);
		job = take(&worker->finished);
		pthread_mutex_unlock(&worker->lock);
		if (!job)
			return;
		job->done(job->data);
	}
}

/* Blocks all signals for the thread, so that the kernel gives them to the event loop's. */
static int start_thread(struct tg_worker *worker)
{
	sigset_t all, before;
	int error;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	error = pthread_create(&worker->thread, NULL, work, worker);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	worker->started = error == 0;
	return -error;
}

int tg_worker_open(struct event_base *base, struct tg_worker **worker)
{
	tg_cleanup(tg_worker_close) struct tg_worker *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return tg_log_errno(ENOMEM, "worker");
	pthread_mutex_init(&made->lock, NULL);
	pthread_cond_init(&made->changed, NULL);
	STAILQ_INIT(&made->given);
	STAILQ_INIT(&made->finished);
	made->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (made->wake < 0)
		return tg_log_errno(errno, "worker");
	made->readable = event_new(base, made->wake, EV_READ | EV_PERSIST, on_finished, made);
	tg_event_first(made->readable);
	if (!made->readable)
		return tg_log_errno(ENOMEM, "worker");
	if (event_add(made->readable, NULL))
		return tg_log_errno(ENOMEM, "worker");
	error = start_thread(made);
	if (error)
		return tg_log_errno(error, "worker");
	*worker = TAKE_PTR(made);
	return 0;
}

void tg_worker_run(struct tg_worker *worker, struct tg_job *job)
{
	pthread_mutex_lock(&worker->lock);
	STAILQ_INSERT_TAIL(&worker->given, job, entry);
	pthread_cond_signal(&worker->changed);
	pthread_mutex_unlock(&worker->lock);
}

void tg_worker_close(struct tg_worker **worker)
{
	struct tg_worker *old = *worker;

	if (!old)
		return;
	if (old->started) {
		pthread_mutex_lock(&old->lock);
		old->ending = true;
		pthread_cond_signal(&old->changed);
		pthread_mutex_unlock(&old->lock);
		pthread_join(old->thread, NULL);
	}
	if (old->readable)
		event_free(old->readable);
	if (old->wake >= 0)
		close(old->wake);
	pthread_cond_destroy(&old->changed);
	pthread_mutex_destroy(&old->lock);
	free(old);
	*worker = NULL;
}
