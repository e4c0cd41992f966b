/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the exchange with other nodes stands at one moment: what cluster, why and metrics print. */
#ifndef TG_CLUSTER_CLUSTER_STATS_H
#define TG_CLUSTER_CLUSTER_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cluster/cluster_state.h"
#include "config/config.h"
#include "cluster/exchange.h"
#include "cluster/store.h"

struct tg_bucket_view;
struct tg_cluster;

struct tg_cluster_peer_stats {
	char node[TG_SHARED_NAME_SIZE];
	uint64_t epoch;
	uint64_t age; /* ns since its last frame */
	bool stale;
	double part;			 /* of what all nodes took lately, 0 to 1 */
	uint64_t frames, repeated, lost; /* as in struct tg_peer */
	uint64_t tokens;		 /* charged here on its account */
	uint64_t differs;		 /* mask: limits, as below, that it defines otherwise */
	uint64_t shares;		 /* mask: limits that it shares */
};

struct tg_cluster_limit_stats {
	char name[TG_CONFIG_NAME_SIZE];
	enum tg_config_unit unit;
	enum tg_cluster_mode mode;
	enum tg_store_loss on_loss;
	uint32_t parts; /* in which split divides it */
	uint64_t sources, left_out;
	uint64_t owed;	/* tokens, the most that a bucket was found to owe beyond being empty, */
	uint64_t bound; /* and that it can */
};

struct tg_cluster_stats {
	char name[TG_CONFIG_NAME_SIZE];
	char node[TG_CONFIG_NAME_SIZE];
	bool has_name_conflict; /* another node has the name */
	uint64_t epoch;
	uint64_t tick, stale_after; /* ns */
	enum tg_cluster_state state;
	uint64_t settled_ago; /* ns since the last complete round; UINT64_MAX never */
	uint32_t nodes, nodes_expected;
	double part; /* of this node */
	uint64_t sources, max_sources;
	struct tg_exchange_counters counters;
	struct tg_redis_status store;
	struct tg_cluster_limit_stats limits[TG_SHARED_LIMITS_MAX];
	size_t limits_n;
	struct tg_cluster_peer_stats *peers; /* by name */
	size_t peers_n;
};

/* *@stats is NULL if there is no cluster. 0 or -ENOMEM. */
int tg_cluster_read_stats(const struct tg_cluster *cluster, struct tg_cluster_stats **stats);
void tg_cluster_stats_free(struct tg_cluster_stats **stats); /* NULL-safe */

/* Of one bucket of a shared limit. */
struct tg_cluster_source_stats {
	enum tg_cluster_mode mode;
	uint32_t parts;
	bool listed;	    /* the nodes tell each other of it */
	uint64_t elsewhere; /* tokens taken on other nodes since it is listed */
	double pace;	    /* tokens a second, lately */
};

/* False if its limit is not shared. */
bool tg_cluster_source(const struct tg_cluster *cluster, const struct tg_bucket_view *view,
		       struct tg_cluster_source_stats *stats);

/*
 * A sentence if the others are not heard: "store lost: limit api split by 3", or another node has
 * this one's name; empty if all is well.
 */
void tg_cluster_problem(const struct tg_cluster *cluster, char *text, size_t size);

/* "shared", "split", "hold", "local", "open"; "starting", "heard", "lost". */
const char *tg_cluster_mode_name(enum tg_cluster_mode mode);
const char *tg_cluster_state_name(enum tg_cluster_state state);

#endif
