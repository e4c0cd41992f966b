/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of sources: what each has taken here and elsewhere, and what it owes. */
#ifndef TG_CLUSTER_SOURCES_H
#define TG_CLUSTER_SOURCES_H

#include "cluster/exchange_private.h"

/* NULL if no shared limit has that hash. */
const struct tg_exchange_rule *tg_exchange_find_rule(const struct tg_exchange *exchange,
						     uint64_t limit);

/* The source, listed if it was not; NULL without room. */
struct tg_shared_source *tg_sources_find(struct tg_exchange *exchange,
					 const struct tg_shared_key *key, uint64_t now);

/* Keeps the sources for which @keeps says so, in order. */
void tg_sources_keep(struct tg_exchange *exchange,
		     bool (*keeps)(const struct tg_exchange *, const struct tg_shared_source *,
				   uint64_t),
		     uint64_t now);

/* Lists a source, of which @tokens were taken here before. False if there is no room. */
bool tg_sources_add(struct tg_exchange *exchange, const struct tg_shared_key *key, uint64_t tokens,
		    uint64_t now);

/* The list, by key. Valid until a source is listed or tg_exchange_settle() is called. */
const struct tg_shared_source *tg_sources_all(const struct tg_exchange *exchange, size_t *n);

/* The source of that key, if it is listed; NULL. */
const struct tg_shared_source *tg_sources_get(const struct tg_exchange *exchange,
					      const struct tg_shared_key *key);

/* What source @i owes; it is the caller's to charge now. */
uint64_t tg_sources_take_debt(struct tg_exchange *exchange, size_t i);

/* Of that, @tokens could not be charged: they are owed again. */
void tg_sources_return_debt(struct tg_exchange *exchange, size_t i, uint64_t tokens);

/* Source @i has taken @tokens since it was last asked; below 0: has had them given back. */
void tg_sources_count(struct tg_exchange *exchange, size_t i, int64_t tokens, uint64_t now);

/* Of counters->left_out, those of one limit, since it is defined as it is. */
uint64_t tg_sources_left_out(const struct tg_exchange *exchange, uint64_t limit);

/* Nodes that take part, this one included: by which split divides; nodes_expected at least. */
uint32_t tg_exchange_nodes(const struct tg_exchange *exchange);

/* The most tokens that a bucket of the limit may owe: tg_shared_excess() of a continuous refill. */
uint64_t tg_sources_debt_max(const struct tg_exchange *exchange, uint64_t limit);

/* Tokens by which all nodes together may exceed R W in any window of length W: a bucket, and
 * tg_shared_excess() where S is two ticks and a round trip. */
double tg_exchange_bound(double rate, double capacity, uint32_t nodes, double tick_s,
			 double round_trip_s);

#endif
