/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of sources: what each has taken here and elsewhere, and what it owes. */
#ifndef TG_CLUSTER_SOURCES_H
#define TG_CLUSTER_SOURCES_H

#include "cluster/exchange_private.h"

/* NULL if no shared limit has that hash. */
const struct tg_share_rule *tg_share_rule(const struct tg_share *share, uint64_t limit);

/* The source, listed if it was not; NULL without room. */
struct tg_share_source *tg_share_find(struct tg_share *share, const struct tg_share_key *key,
				      uint64_t now);

/* Keeps the sources for which @keeps says so, in order. */
void tg_share_keep_sources(struct tg_share *share,
			   bool (*keeps)(const struct tg_share *, const struct tg_share_source *,
					 uint64_t),
			   uint64_t now);

/* Lists a source, of which @tokens were taken here before. False if there is no room. */
bool tg_share_list(struct tg_share *share, const struct tg_share_key *key, uint64_t tokens,
		   uint64_t now);

/* The list, by key. Valid until a source is listed or tg_share_settle() is called. */
const struct tg_share_source *tg_share_sources(const struct tg_share *share, size_t *n);

/* The source of that key, if it is listed; NULL. */
const struct tg_share_source *tg_share_source_of(const struct tg_share *share,
						 const struct tg_share_key *key);

/* What source @i owes; it is the caller's to charge now. */
uint64_t tg_share_take(struct tg_share *share, size_t i);

/* Of that, @tokens could not be charged: they are owed again. */
void tg_share_return(struct tg_share *share, size_t i, uint64_t tokens);

/* Source @i has taken @tokens since it was last asked; below 0: has had them given back. */
void tg_share_count(struct tg_share *share, size_t i, int64_t tokens, uint64_t now);

/* Of counters->left_out, those of one limit, since it is defined as it is. */
uint64_t tg_share_left_out(const struct tg_share *share, uint64_t limit);

/* Nodes that take part, this one included: by which split divides; nodes_expected at least. */
uint32_t tg_share_nodes(const struct tg_share *share);

/* The most tokens that a bucket of the limit may owe: tg_share_excess() of a continuous refill. */
uint64_t tg_share_debt_max(const struct tg_share *share, uint64_t limit);

/* Tokens by which all nodes together may exceed R W in any window of length W: a bucket, and
 * tg_share_excess() where S is two ticks and a round trip. */
double tg_share_bound(double rate, double capacity, uint32_t nodes, double tick_s,
		      double round_trip_s);

#endif
