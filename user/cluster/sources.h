/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The list of sources: how many tokens each has taken on this node and on others, and its debt.
 * @limit is the hash of a shared limit, @now is in ns, and @i is an index in tg_sources_all().
 */
#ifndef TG_CLUSTER_SOURCES_H
#define TG_CLUSTER_SOURCES_H

#include "cluster/exchange_private.h"

/* Returns the shared limit with the hash @limit, or NULL. */
const struct tg_exchange_rule *tg_exchange_find_rule(const struct tg_exchange *exchange,
						     uint64_t limit);

/*
 * Returns the source with @key, which is listed first if it was not. If the list is full, a source
 * that took no token for 1 s makes room. Returns NULL, counted in left_out, if there is none.
 */
struct tg_shared_source *tg_sources_find(struct tg_exchange *exchange,
					 const struct tg_shared_key *key, uint64_t now);

/* Removes the sources for which @keeps(exchange, source, now) is false. The order stays. */
void tg_sources_keep(struct tg_exchange *exchange,
		     bool (*keeps)(const struct tg_exchange *, const struct tg_shared_source *,
				   uint64_t),
		     uint64_t now);

/*
 * Lists a source, if it was not, and adds @tokens to what it took on this node. Returns false if
 * its limit is not shared or there is no room.
 */
bool tg_sources_add(struct tg_exchange *exchange, const struct tg_shared_key *key, uint64_t tokens,
		    uint64_t now);

/*
 * Returns the list, @n sources sorted by key. The exchange's; valid until a source is listed or
 * removed.
 */
const struct tg_shared_source *tg_sources_all(const struct tg_exchange *exchange, size_t *n);

/* Returns the source with @key, or NULL if it is not listed. Lists nothing. */
const struct tg_shared_source *tg_sources_get(const struct tg_exchange *exchange,
					      const struct tg_shared_key *key);

/* Returns the debt of source @i in tokens and sets it to 0. The caller charges it. */
uint64_t tg_sources_take_debt(struct tg_exchange *exchange, size_t i);

/* Adds @tokens that could not be charged to the debt of source @i again. */
void tg_sources_return_debt(struct tg_exchange *exchange, size_t i, uint64_t tokens);

/*
 * Adds @tokens that the bucket of source @i gave since the last call; below 0: it took them back.
 */
void tg_sources_count(struct tg_exchange *exchange, size_t i, int64_t tokens, uint64_t now);

/* Returns how often a source of @limit found no room in the list; 0 if it is not shared. */
uint64_t tg_sources_left_out(const struct tg_exchange *exchange, uint64_t limit);

/*
 * Returns the nodes heard in the last complete round, this one included, or nodes_expected if that
 * is more. split divides rates by it.
 */
uint32_t tg_exchange_nodes(const struct tg_exchange *exchange);

/*
 * Returns the most tokens that a bucket of @limit may owe: tg_shared_excess() with S =
 * TG_SHARED_UNHEARD_TICKS. 0 if it is not shared.
 */
uint64_t tg_sources_debt_max(const struct tg_exchange *exchange, uint64_t limit);

/*
 * Returns the most tokens that @nodes together admit beyond R W in a window of length W: one bucket
 * and tg_shared_excess() with S = 2 ticks and a round trip. @rate in tokens a second, times in s.
 */
double tg_exchange_bound(double rate, double capacity, uint32_t nodes, double tick_s,
			 double round_trip_s);

#endif
