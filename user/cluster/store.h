/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Redis through which nodes exchange frames: one key a node, two pipelined commands a round
 * (SET with an expiry, MGET), no script, and once a second the set of members. Never blocks, has
 * one round under way at most, and connects again by itself. What it brings is not to be trusted.
 */
#ifndef TG_CLUSTER_STORE_H
#define TG_CLUSTER_STORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config/config.h"
#include "redis/redis_status.h"

struct event_base;
struct tg_store;

struct tg_store_frame {
	const uint8_t *bytes;
	size_t length;
};

/* What a round brought: the other nodes' frames, as they are in the store. */
struct tg_store_answer {
	const struct tg_store_frame *frames; /* the caller's only during the call */
	size_t n;
	/* What stood at this node's key before, which is looked at about once a second; else
	 * length 0. */
	struct tg_store_frame own;
	uint64_t round_trip; /* ns */
};

/*
 * Ends a round; @round is NULL if the store did not answer, or not with what was asked. May begin
 * the next round, but not close the store.
 */
typedef void tg_store_done(void *data, const struct tg_store_answer *round);

/*
 * Reads the system's certificates if they are needed (0.1 s), and goes on in the background whether
 * the store is there or not. -ENOMEM. @cluster is copied. @done is never called from within
 * tg_store_open() or tg_store_begin_round(). SIGPIPE must be ignored.
 */
int tg_store_open(struct event_base *base, const struct tg_config_cluster *cluster,
		  tg_store_done *done, void *data, struct tg_store **store);

/* Begins a round with this node's frame. False: missed, and @done is not called for it. */
bool tg_store_begin_round(struct tg_store *store, const uint8_t *frame, size_t length);

const struct tg_redis_status *tg_store_status(const struct tg_store *store);

/* Takes this node's frame out of the store, if that is possible at once; @done is not called any
 * more, also for a round that is under way. NULL-safe. */
void tg_store_close(struct tg_store **store);

#endif
