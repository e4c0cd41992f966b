// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* A list of the handles, which pthread_atfork(3) goes through. */
#include "handles.h"

#include <errno.h>
#include <pthread.h>

#include "target.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER; /* taken before that of a handle */
static LIST_HEAD(, tidegate) handles = LIST_HEAD_INITIALIZER(handles);
static pthread_once_t once = PTHREAD_ONCE_INIT;
static int not_registered; /* what pthread_atfork() returned */

/*
 * Lets a writer go before readers that come later. The default would let threads that charge all
 * the time keep it waiting for ever, and they would go on with a policy that is out of date.
 */
static int init_lock(struct tidegate *handle)
{
	pthread_rwlockattr_t attributes;
	int error = pthread_rwlockattr_init(&attributes);

	if (error)
		return error;
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	error = pthread_rwlock_init(&handle->lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	return error;
}

/* Waits for the calls under way, which take some microseconds. */
static void before_fork(void)
{
	struct tidegate *handle;

	pthread_mutex_lock(&lock);
	LIST_FOREACH(handle, &handles, entry)
	pthread_rwlock_wrlock(&handle->lock);
}

static void in_parent(void)
{
	struct tidegate *handle;

	LIST_FOREACH(handle, &handles, entry)
	pthread_rwlock_unlock(&handle->lock);
	pthread_mutex_unlock(&lock);
}

/* Makes the locks anew, because they know their holder by its thread, which has another id here. */
static void in_child(void)
{
	struct tidegate *handle;

	LIST_FOREACH(handle, &handles, entry)
	init_lock(handle);
	pthread_mutex_init(&lock, NULL);
}

static void watch_forks(void)
{
	not_registered = pthread_atfork(before_fork, in_parent, in_child);
}

int tg_handles_add(struct tidegate *handle)
{
	pthread_once(&once, watch_forks);
	if (not_registered || init_lock(handle))
		return -ENOMEM;
	pthread_mutex_lock(&lock);
	LIST_INSERT_HEAD(&handles, handle, entry);
	pthread_mutex_unlock(&lock);
	return 0;
}

void tg_handles_remove(struct tidegate *handle)
{
	pthread_mutex_lock(&lock);
	LIST_REMOVE(handle, entry);
	pthread_mutex_unlock(&lock);
	pthread_rwlock_destroy(&handle->lock);
}
