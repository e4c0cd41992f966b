/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The applications' program of the generation in force, found by its pin, and again after each
 * change of policy.
 */
#ifndef TG_TARGET_H
#define TG_TARGET_H

#include <pthread.h>
#include <stdint.h>
#include <sys/queue.h>
#include <tidegate.h>
#include <tidegate/app.h>

struct tg_target;

struct tidegate {
	LIST_ENTRY(tidegate) entry; /* of handles.c */
	char *state_dir;
	pthread_rwlock_t lock;	  /* write-locked only to replace or extend `target` */
	struct tg_target *target; /* NULL: none was found yet */
	uint64_t number;	  /* of the target; raised when it is replaced */
	uint64_t waiting;
};

/*
 * Has the program in force serve @request, whose `what` and `cost` are set, for the bucket of @key
 * in @limit. Returns 0, with request->result saying what came of it, or an error of tidegate.h.
 */
int tg_target_call(struct tidegate *handle, const char *limit, const char *key,
		   struct tg_app_request *request);

void tg_target_free(struct tg_target **target);

#endif
