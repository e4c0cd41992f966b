/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A thread for work that takes longer than the event loop may stand still. */
#ifndef TG_DAEMON_WORKER_H
#define TG_DAEMON_WORKER_H

#include <sys/queue.h>

struct event_base;
struct tg_worker;

/*
 * What is to be done: run() in the thread, then done() in the event loop. Between the two nobody
 * else touches @data. What one of them has written, the other sees.
 */
struct tg_job {
	STAILQ_ENTRY(tg_job) entry; /* the worker's */
	void (*run)(void *data);
	void (*done)(void *data);
	void *data;
};

/*
 * Starts the thread. It has the privileges of the caller, which are a thread's own, and takes no
 * signals. Jobs are done in the loop of @base, which the caller frees after tg_worker_close().
 * Returns 0 or -errno, logged.
 */
int tg_worker_open(struct event_base *base, struct tg_worker **worker);

/* Runs @job, which stays the caller's, after those that were given before. */
void tg_worker_run(struct tg_worker *worker, struct tg_job *job);

/*
 * Waits for the job that runs, and ends the thread. Neither that job nor those after it are done()
 * any more. NULL-safe; sets *@worker to NULL.
 */
void tg_worker_close(struct tg_worker **worker);

#endif
