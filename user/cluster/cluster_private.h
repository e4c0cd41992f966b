/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct tg_cluster, for cluster.c (the tick), log.c and cluster_stats.c. */
#ifndef TG_CLUSTER_CLUSTER_PRIVATE_H
#define TG_CLUSTER_CLUSTER_PRIVATE_H

#include "cluster/buckets.h"
#include "cluster/cluster_state.h"
#include "cluster/exchange.h"
#include "cluster/store.h"

#define TG_CLUSTER_SAID_MAX 256 /* mismatches that are remembered */

/* What was logged last, so that only changes are logged. */
struct tg_cluster_log {
	enum tg_cluster_state state;
	uint64_t modes; /* hash of the mode of each limit */
	uint64_t since; /* ns; when the others were last heard; 0 never */
	struct tg_cluster_known {
		char node[TG_SHARED_NAME_SIZE];
		uint64_t epoch;
		bool stale;
		uint64_t said_at;     /* ns; when its last restart was logged; 0 not logged */
	} peers[TG_SHARED_NODES_MAX]; /* sorted by name */
	size_t peers_n;
	uint64_t said[TG_CLUSTER_SAID_MAX]; /* hashes of the mismatches logged */
	size_t said_n;
};

struct tg_cluster {
	struct tg_config_cluster config;
	struct tg_cluster_secret secret;
	struct tg_exchange_rule rules[TG_SHARED_LIMITS_MAX]; /* in the order of the configuration */
	enum tg_config_unit units[TG_SHARED_LIMITS_MAX];
	size_t rules_n;
	uint64_t epoch;
	uint64_t opened_at; /* ns */
	struct tg_exchange *exchange;
	struct tg_cluster_buckets *buckets;
	struct tg_store *store;
	struct event *tick;
	uint8_t *frame; /* buffer for the frame to be published */
	/* Counts down from 3 after a frame of another node was found at this node's key; 0 none. */
	unsigned int name_conflict;
	struct tg_cluster_log log;
};

/* Whether the other nodes are heard, at @now (ns), and how @rule is enforced then. */
enum tg_cluster_state tg_cluster_state_now(const struct tg_cluster *cluster, uint64_t now);
enum tg_cluster_mode tg_cluster_mode_now(const struct tg_cluster *cluster,
					 const struct tg_exchange_rule *rule, uint64_t now);

/*
 * Writes to @text (@size bytes, 4 at least) how each limit that is not shared at @now is enforced:
 * "limit api split by 3, limit b open". Empty if all are shared; ends with "..." if it is cut.
 */
void tg_cluster_describe(const struct tg_cluster *cluster, uint64_t now, char *text, size_t size);

/* Logs the loss and the return of the other nodes. Call it at each tick and after each round. */
void tg_cluster_log_state(struct tg_cluster *cluster, uint64_t now);

/* Logs nodes that join, restart or go, and limits that differ. Call it after an answered round. */
void tg_cluster_log_peers(struct tg_cluster *cluster, uint64_t now);

#endif
