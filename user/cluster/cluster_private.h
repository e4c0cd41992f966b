/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The cluster's inside, shared by cluster.c (the tick), cluster_log.c and cluster_stats.c. */
#ifndef TG_CLUSTER_CLUSTER_PRIVATE_H
#define TG_CLUSTER_CLUSTER_PRIVATE_H

#include "cluster/buckets.h"
#include "cluster/cluster_state.h"
#include "cluster/exchange.h"
#include "cluster/store.h"

#define TG_CLUSTER_SAID_MAX 256 /* mismatches that are logged one by one */

/* What has been logged, so that it is said once. */
struct tg_cluster_log {
	enum tg_cluster_state state;
	uint64_t modes; /* a hash of what each limit was last said to be enforced as */
	uint64_t since; /* ns: when the others were last heard */
	struct tg_cluster_known {
		char node[TG_SHARED_NAME_SIZE];
		uint64_t epoch;
		bool stale;
		uint64_t said_at;     /* ns: that it has started anew */
	} peers[TG_SHARED_NODES_MAX]; /* by name */
	size_t peers_n;
	uint64_t said[TG_CLUSTER_SAID_MAX]; /* hashes of mismatches */
	size_t said_n;
};

struct tg_cluster {
	struct tg_config_cluster config;
	struct tg_cluster_secret secret;
	struct tg_exchange_rule rules[TG_SHARED_LIMITS_MAX]; /* in the order of the configuration */
	enum tg_config_unit units[TG_SHARED_LIMITS_MAX];
	size_t rules_n;
	uint64_t epoch, opened_at;
	struct tg_exchange *exchange;
	struct tg_cluster_buckets *buckets;
	struct tg_store *store;
	struct event *tick;
	uint8_t *frame;		    /* room for one */
	unsigned int name_conflict; /* looks for which another node counts as writing to this one's
				       key */
	struct tg_cluster_log log;
};

enum tg_cluster_state tg_cluster_state_now(const struct tg_cluster *cluster, uint64_t now);
enum tg_cluster_mode tg_cluster_mode_now(const struct tg_cluster *cluster,
					 const struct tg_exchange_rule *rule, uint64_t now);

/* What each limit is enforced as, if that is not as shared: "limit api split by 3, limit b open".
 */
void tg_cluster_describe(const struct tg_cluster *cluster, uint64_t now, char *text, size_t size);

/* Once a tick, and after each round that the store answered. */
void tg_cluster_log_state(struct tg_cluster *cluster, uint64_t now);
void tg_cluster_log_peers(struct tg_cluster *cluster, uint64_t now);

#endif
