/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the exchange, shared by share.c (this node) and share_peers.c (the others). */
#ifndef TG_SHARE_PRIVATE_H
#define TG_SHARE_PRIVATE_H

#include "share.h"

struct tg_share {
	struct tg_share_settings settings;
	struct tg_share_rule rules[TG_SHARE_LIMITS_MAX]; /* by hash */
	uint64_t left_out[TG_SHARE_LIMITS_MAX];		 /* of each of them */
	size_t rules_n;
	struct tg_share_source *sources; /* by key; max_sources of them */
	size_t sources_n;
	struct tg_share_peer *peers; /* by name; TG_SHARE_NODES_MAX of them */
	size_t peers_n;
	struct tg_share_entry *entries; /* of the frame that is being made */
	uint64_t seq;
	uint64_t settled_at, round_at;
	uint64_t nodes_settled; /* nodes at the last complete round */
	bool lost;		/* nothing was heard for stale_after */
	double moved, pace;	/* as in struct tg_share_peer, of this node */
	struct tg_share_counters counters;
};

/* NULL if no shared limit has that hash. */
const struct tg_share_rule *tg_share_rule(const struct tg_share *share, uint64_t limit);

/* The source, listed if it was not; NULL without room. */
struct tg_share_source *tg_share_find(struct tg_share *share, const struct tg_share_key *key,
				      uint64_t now);

/* Finds the limits that the peer defines otherwise; its counts of them are left out. */
void tg_share_compare_tables(struct tg_share *share, struct tg_share_peer *peer);

/* Notes who is not heard any more, and forgets who is gone. */
void tg_share_watch_peers(struct tg_share *share, uint64_t now);

#endif
