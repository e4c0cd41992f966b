/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other nodes of a cluster, from the set of members that the store keeps. Pure: no I/O. */
#ifndef TG_CLUSTER_MEMBERS_H
#define TG_CLUSTER_MEMBERS_H

#include <stdint.h>

#include "config/bounds.h"
#include "config/config.h"
#include "redis/resp.h"

#define TG_STORE_KEY_SIZE (2 * TG_CONFIG_NAME_SIZE + 16)

struct tg_store_member {
	char key[TG_STORE_KEY_SIZE]; /* tg_store_key() of the node */
	uint64_t heard_at; /* ns; when its frame was last in the store, or it was listed */
};

struct tg_store_members {
	char own[TG_CONFIG_NAME_SIZE]; /* this node's name, which is not in the list */
	char set[TG_STORE_KEY_SIZE];   /* key of the set: tg1:{CLUSTER}:m */
	struct tg_store_member *list;  /* sorted by key; room for TG_SHARED_NODES_MAX - 1 */
	size_t n;
	size_t refused; /* in the last reply: invalid names, and names beyond the room */
};

/* Writes the key of a node's frame to @key (TG_STORE_KEY_SIZE bytes): tg1:{CLUSTER}:f:NODE */
void tg_store_key(char *key, const char *cluster, const char *node);

/* Returns the node's name in such a key: a part of @key. */
const char *tg_store_key_node(const char *key);

/* Makes an empty list for node cluster->node of @cluster. Returns 0 or -ENOMEM. */
int tg_store_members_init(struct tg_store_members *members,
			  const struct tg_config_cluster *cluster);
/* Frees the list. May be called on zeroed @members, and again. */
void tg_store_members_clear(struct tg_store_members *members);

/*
 * Takes the list from @reply to SMEMBERS. Members that stay keep their heard_at; new ones get @now
 * (ns). Nodes already listed have priority if there is no room for all. Returns 0, or -EPROTO with
 * the list unchanged if @reply is not an array of texts.
 */
int tg_store_members_update(struct tg_store_members *members, const char *cluster,
			    const struct tg_redis_reply *reply, uint64_t now);

/* Sets heard_at of all to @now (ns), after a time in which no frame could be read. */
void tg_store_members_wait(struct tg_store_members *members, uint64_t now);

#endif
