/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the exchange knows: the shared limits, the list of sources, the other nodes. */
#ifndef TG_CLUSTER_EXCHANGE_PRIVATE_H
#define TG_CLUSTER_EXCHANGE_PRIVATE_H

#include <stdbool.h>

#include "config/bounds.h"
#include "cluster/frame.h"

struct tg_exchange_settings {
	char node[TG_SHARED_NAME_SIZE];
	uint64_t epoch;	      /* random */
	uint64_t tick;	      /* ns between rounds */
	uint64_t stale_after; /* ns without a new frame, after which a node counts as not heard */
	uint32_t max_sources; /* of the list, 1 to TG_SHARED_SOURCES_MAX */
	uint32_t nodes_expected; /* at least; 0: as many as there are */
	struct tg_cluster_secret secret;
};

struct tg_exchange_rule {
	char name[TG_SHARED_NAME_SIZE];
	uint64_t hash;	   /* as in struct tg_frame_limit */
	uint64_t capacity; /* tokens */
	double rate;	   /* tokens a second */
	enum tg_store_loss on_loss;
};

/* A source that this node or another has taken tokens for. */
struct tg_shared_source {
	struct tg_shared_key key;
	uint64_t own;	   /* tokens taken here since it is listed: what is published */
	int64_t returned;  /* tokens given back beyond what was taken since, to be made up for */
	uint64_t foreign;  /* tokens taken elsewhere since it is listed */
	uint64_t debt;	   /* of those, what is still to be charged here */
	uint64_t moved_at; /* when anybody last took a token */
	uint64_t moved;	   /* tokens of the last second, all nodes; fades */
	double pace;	   /* tokens a second that the others took, smoothed */
	double held;	   /* the part of a token that is held against them, and not yet owed */
};

/* Another node. */
struct tg_peer {
	struct tg_node_frame *last;	 /* the newest frame */
	uint64_t heard_at;		 /* when it came */
	uint64_t frames, repeated, lost; /* new ones; those seen before; numbers left out */
	uint64_t regressed;		 /* counts below the last: not believed */
	uint64_t tokens;		 /* that were charged here on its account */
	double moved, pace; /* as tg_exchange_pace() has it: since the last round; lately */
	uint64_t ignored;   /* mask: limits of its table that differ from ours */
	bool stale;	    /* what comes next is only where it begins again */
};

struct tg_exchange_counters {
	uint64_t damaged, forged, unknown; /* frames refused */
	uint64_t left_out;		   /* sources for which the list had no room */
	uint64_t mismatches; /* limits found to be defined otherwise on another node */
	uint64_t losses;     /* times that the others could no longer be heard */
};

struct tg_exchange {
	struct tg_exchange_settings settings;
	struct tg_exchange_rule rules[TG_SHARED_LIMITS_MAX]; /* by hash */
	uint64_t left_out[TG_SHARED_LIMITS_MAX];	     /* of each of them */
	size_t rules_n;
	struct tg_shared_source *sources; /* by key; max_sources of them */
	size_t sources_n;
	struct tg_peer *peers; /* by name; TG_SHARED_NODES_MAX of them */
	size_t peers_n;
	struct tg_frame_entry *entries; /* of the frame that is being made */
	uint64_t seq;
	uint64_t settled_at, round_at;
	uint64_t nodes_settled; /* nodes at the last complete round */
	bool lost;		/* nothing was heard for stale_after */
	double moved, pace;	/* as in struct tg_peer, of this node */
	struct tg_exchange_counters counters;
};

#endif
