/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exchanges frames with other nodes through Redis. Each node has one key. A round is two pipelined
 * commands: SET with an expiry, and MGET of the other nodes' keys. Once a second the set of members
 * is read too. No scripts. Nothing blocks, one round is under way at most, and a lost connection is
 * made again. Frames that come back are unchecked bytes.
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

/* The bytes of a frame as they are in the store; length 0: none. */
struct tg_store_frame {
	char node[TG_CONFIG_NAME_SIZE]; /* whose key it was under */
	const uint8_t *bytes;
	size_t length;
};

/* The result of a round. Valid during the callback only. */
struct tg_store_answer {
	const struct tg_store_frame *frames; /* of the other nodes */
	size_t n;
	/* What this node's key held before this round; read once a second, else length 0. */
	struct tg_store_frame own;
	uint64_t round_trip; /* ns */
};

/*
 * Called at the end of each round that was begun. @round is NULL if the store did not answer, or
 * sent a wrong reply. May begin the next round, but not close the store.
 */
typedef void tg_store_done(void *data, const struct tg_store_answer *round);

/*
 * Opens a store, which connects as soon as the event loop runs, and again whenever it is lost.
 * Copies @cluster. Never calls @done
 * from within this call or tg_store_begin_round(). SIGPIPE must be ignored. Returns 0 or -ENOMEM.
 */
int tg_store_open(struct event_base *base, const struct tg_config_cluster *cluster,
		  tg_store_done *done, void *data, struct tg_store **store);

/* The authorities that sign certificates of the store, or why they cannot be read. */
struct tg_store_trust;

/*
 * Reads ca_file of @cluster, or the system's authorities, which takes 0.1 s or more. Any thread may
 * do it. NULL: @cluster has no store with TLS, or memory is short; then the store reads them
 * itself.
 */
struct tg_store_trust *tg_store_trust_read(const struct tg_config_cluster *cluster);
void tg_store_trust_free(struct tg_store_trust **trust); /* NULL-safe; sets *trust to NULL */

/* Has the connections to come trust @trust, as tg_redis_client_trust(). NULL changes nothing. */
void tg_store_renew_trust(struct tg_store *store, const struct tg_store_trust *trust);

/*
 * Begins a round with this node's frame, which is copied. Returns false, counted in status.missed,
 * if there is no connection, the last round is not over, or memory is short. @done is not called
 * for it then.
 */
bool tg_store_begin_round(struct tg_store *store, const uint8_t *frame, size_t length);

/* Returns the state of the connection, which is the store's and goes on changing. */
const struct tg_redis_status *tg_store_status(const struct tg_store *store);

/*
 * Removes this node's frame and name from the store if that needs no waiting, and closes the store.
 * Does not call @done, even if a round is under way. NULL-safe; sets *@store to NULL.
 */
void tg_store_close(struct tg_store **store);

#endif
