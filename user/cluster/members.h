/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other nodes of the cluster, as the store's set has them. */
#ifndef TG_CLUSTER_MEMBERS_H
#define TG_CLUSTER_MEMBERS_H

#include <stdint.h>

#include "config/bounds.h"
#include "config/config.h"
#include "redis/resp.h"

#define TG_STORE_KEY_SIZE (2 * TG_CONFIG_NAME_SIZE + 16)

struct tg_store_member {
	char key[TG_STORE_KEY_SIZE]; /* of its frame */
	uint64_t heard_at;	     /* ns: when its frame was last there, or it was first listed */
};

struct tg_store_members {
	char own[TG_CONFIG_NAME_SIZE];
	char set[TG_STORE_KEY_SIZE];  /* tg1:{CLUSTER}:m */
	struct tg_store_member *list; /* by name; TG_SHARED_NODES_MAX - 1 places */
	size_t n;
	size_t refused; /* of the last answer: names that are none, and those without a place */
};

/* The key of a node's frame: tg1:{CLUSTER}:f:NODE */
void tg_store_key(char *key, const char *cluster, const char *node);

/* The node of such a key. */
const char *tg_store_key_node(const char *key);

/* For a node of @cluster, by its name there. -ENOMEM. */
int tg_store_members_init(struct tg_store_members *members,
			  const struct tg_config_cluster *cluster);
void tg_store_members_clear(struct tg_store_members *members);

/*
 * Takes up the answer to SMEMBERS, an array of texts. Those that were there keep their places.
 * -EPROTO if it is none.
 */
int tg_store_members_update(struct tg_store_members *members, const char *cluster,
			    const struct tg_redis_reply *reply, uint64_t now);

/* Begins anew to wait for frames, after a time in which none could be read. */
void tg_store_members_wait(struct tg_store_members *members, uint64_t now);

#endif
