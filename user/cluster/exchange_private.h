/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The data of the exchange: the shared limits, the list of sources, the other nodes. Times in ns.
 */
#ifndef TG_CLUSTER_EXCHANGE_PRIVATE_H
#define TG_CLUSTER_EXCHANGE_PRIVATE_H

#include <stdbool.h>

#include "config/bounds.h"
#include "cluster/frame.h"

struct tg_exchange_settings {
	char node[TG_SHARED_NAME_SIZE];
	uint64_t epoch;		 /* random */
	uint64_t tick;		 /* ns between rounds */
	uint64_t stale_after;	 /* ns without a new frame, after which a node is stale */
	uint32_t max_sources;	 /* in the list, 1 to TG_SHARED_SOURCES_MAX */
	uint32_t nodes_expected; /* least number of nodes to assume; 0: those that are heard */
	struct tg_cluster_secret secret;
};

/* A shared limit. */
struct tg_exchange_rule {
	char name[TG_SHARED_NAME_SIZE];
	uint64_t hash;	   /* tg_exchange_rule_hash() */
	uint64_t capacity; /* tokens */
	double rate;	   /* tokens a second */
	enum tg_store_loss on_loss;
};

/* A source that this node or another has taken tokens for. */
struct tg_shared_source {
	struct tg_shared_key key;
	uint64_t own;	  /* tokens taken here since it was listed; published */
	int64_t returned; /* 0, or below 0: tokens given back that `own`, which only grows, lacks */
	uint64_t foreign; /* tokens taken on other nodes since it was listed */
	uint64_t debt;	  /* tokens of those that its bucket was not charged yet */
	uint64_t moved_at; /* when any node last took a token */
	uint64_t moved;	   /* tokens that the others took since the last complete round */
	double pace;	   /* tokens a second that the others take, smoothed */
	double held;	   /* fraction of a token not yet added to the debt by hold */
};

/* Another node. */
struct tg_peer {
	struct tg_node_frame *last;	 /* the newest frame */
	uint64_t heard_at;		 /* when it came */
	uint64_t frames, repeated, lost; /* new; seen before; missing between two numbers */
	uint64_t regressed;		 /* counts below the last one, which are ignored */
	uint64_t tokens;		 /* that it took and became debts here */
	double moved;	  /* tokens divided by rates, since the last complete round */
	double pace;	  /* the same a second, smoothed; see tg_exchange_pace() */
	uint64_t ignored; /* mask of the index in last->limits: limits that differ from ours */
	bool stale;	  /* not heard for stale_after: its next frame makes no debts */
};

struct tg_exchange_counters {
	uint64_t damaged, forged, unknown; /* frames refused: -EBADMSG, -EACCES, -EPROTONOSUPPORT */
	uint64_t left_out;		   /* times that the list had no room for a source */
	uint64_t mismatches; /* limits found to be defined otherwise on another node */
	uint64_t losses;     /* times that no round was complete for stale_after */
};

struct tg_exchange {
	struct tg_exchange_settings settings;
	struct tg_exchange_rule rules[TG_SHARED_LIMITS_MAX]; /* sorted by hash */
	uint64_t left_out[TG_SHARED_LIMITS_MAX];	     /* counter, for each of them */
	size_t rules_n;
	struct tg_shared_source *sources; /* sorted by key; room for max_sources */
	size_t sources_n;
	struct tg_peer *peers; /* sorted by name; room for TG_SHARED_NODES_MAX */
	size_t peers_n;
	struct tg_frame_entry *entries; /* scratch for tg_exchange_publish() */
	uint64_t seq;			/* of the last frame */
	uint64_t settled_at;		/* end of the last complete round; 0 none */
	uint64_t round_at;		/* end of the last round; 0 none */
	uint64_t nodes_settled; /* nodes heard in the last complete round, this one included */
	bool lost;		/* no round was complete for stale_after */
	double moved, pace;	/* as in struct tg_peer, of this node */
	struct tg_exchange_counters counters;
};

#endif
