/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot of the exchange with other nodes, for the commands cluster and why, and for metrics.
 */
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
	double part;			 /* its part of what all nodes took lately, 0 to 1 */
	uint64_t frames, repeated, lost; /* as in struct tg_peer */
	uint64_t tokens;		 /* that it took and this node charged */
	uint64_t differs; /* mask of the index in `limits` below: it defines them otherwise */
	uint64_t shares;  /* the same: it shares them */
};

struct tg_cluster_limit_stats {
	char name[TG_CONFIG_NAME_SIZE];
	enum tg_config_unit unit;
	enum tg_cluster_mode mode;
	enum tg_store_loss on_loss;
	uint32_t parts;	   /* nodes by which split divides the rate; 1: it does not */
	uint64_t sources;  /* listed */
	uint64_t left_out; /* times that the list had no room for one */
	uint64_t owed;	   /* tokens below empty: the most that a bucket has had */
	uint64_t bound;	   /* tokens below empty: the most that a bucket can have */
};

struct tg_cluster_stats {
	char name[TG_CONFIG_NAME_SIZE];
	char node[TG_CONFIG_NAME_SIZE];
	bool has_name_conflict; /* another node has the name */
	uint64_t epoch;
	uint64_t tick;	      /* ns between rounds */
	uint64_t stale_after; /* ns without a complete round, after which the others are lost */
	enum tg_cluster_state state;
	uint64_t settled_ago;		/* ns since the last complete round; UINT64_MAX: none yet */
	uint32_t nodes, nodes_expected; /* this one included */
	double part;			/* as above, of this node */
	uint64_t sources, max_sources;
	struct tg_exchange_counters counters;
	struct tg_redis_status store;
	struct tg_cluster_limit_stats limits[TG_SHARED_LIMITS_MAX];
	size_t limits_n;
	struct tg_cluster_peer_stats *peers; /* sorted by name */
	size_t peers_n;
};

/*
 * Takes a snapshot, which the caller frees. *@stats is NULL if @cluster is. Returns 0 or -ENOMEM.
 */
int tg_cluster_read_stats(const struct tg_cluster *cluster, struct tg_cluster_stats **stats);
void tg_cluster_stats_free(struct tg_cluster_stats **stats); /* NULL-safe */

/* The exchange of one bucket of a shared limit. */
struct tg_cluster_source_stats {
	enum tg_cluster_mode mode;
	uint32_t parts;
	bool listed;	    /* it is in the list of sources */
	uint64_t elsewhere; /* tokens taken on other nodes since it was listed */
	double pace;	    /* tokens a second taken on other nodes, smoothed */
};

/*
 * Fills @stats for the bucket @view. Returns false if its limit is not shared or @cluster is NULL.
 */
bool tg_cluster_source(const struct tg_cluster *cluster, const struct tg_bucket_view *view,
		       struct tg_cluster_source_stats *stats);

/*
 * Writes to @text (@size bytes) what is wrong: "store lost: limit api split by 3", "no other node
 * is heard: ...", or that another node has this node's name. Empty if nothing is or @cluster is
 * NULL.
 */
void tg_cluster_problem(const struct tg_cluster *cluster, char *text, size_t size);

/* Return "shared", "split", "hold", "local" or "open"; "starting", "heard" or "lost". */
const char *tg_cluster_mode_name(enum tg_cluster_mode mode);
const char *tg_cluster_state_name(enum tg_cluster_state state);

#endif
