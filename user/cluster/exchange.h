/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The arithmetic of limits shared between nodes: how many tokens each node has taken for each
 * source, and what this node's buckets owe for what the others admitted. It does no I/O and reads
 * no clock. The caller passes frames, counts and the time (@now, ns on its monotonic clock), so
 *that the simulation in tests runs the same code as the daemon.
 *
 * One round, once a tick:
 *	1. for each listed source: tg_sources_take_debt(), charge the bucket, tg_sources_count()
 *	2. tg_exchange_publish(): the frame for the other nodes
 *	3. tg_peers_receive(): each frame of the others
 *	4. tg_exchange_settle(): after the last frame
 */
#ifndef TG_CLUSTER_EXCHANGE_H
#define TG_CLUSTER_EXCHANGE_H

#include "cluster/peers.h"
#include "cluster/sources.h"
#include "cluster/exchange_private.h"

#define TG_SHARED_IDLE_NS                                                                          \
	10000000000ULL /* ns without a token taken, after which a source is forgotten */

/* Copies @settings. Returns NULL without memory. The caller frees the result. */
struct tg_exchange *tg_exchange_new(const struct tg_exchange_settings *settings);
void tg_exchange_free(struct tg_exchange **exchange); /* NULL-safe; sets NULL */

/*
 * Replaces the shared limits by copies of @rules, in any order, and forgets the sources of limits
 * that are not among them. Returns 0, or -E2BIG if @n is above TG_SHARED_LIMITS_MAX.
 */
int tg_exchange_set_rules(struct tg_exchange *exchange, const struct tg_exchange_rule *rules,
			  size_t n);

/*
 * Writes the next frame to @bytes, which has room for tg_node_frame_size(max_sources). Returns its
 * length in bytes, or -errno as tg_node_frame_encode().
 */
int tg_exchange_publish(struct tg_exchange *exchange, uint8_t *bytes);

/*
 * Ends a round. @complete: the store answered and all frames were received. A round in which no
 * other node was heard does not count as complete if nodes_expected is 2 or more. Forgets idle
 * sources and nodes that are gone. Without complete rounds, adds to the debts of limits with
 * on_store_loss: hold what the others would have taken.
 */
void tg_exchange_settle(struct tg_exchange *exchange, bool complete, uint64_t now);

/* Returns when the last complete round ended, ns; 0 if none has. */
uint64_t tg_exchange_settled_at(const struct tg_exchange *exchange);

/*
 * Returns until when (ns) a limit is enforced as shared if no round is complete any more; 0 if none
 * was yet.
 */
uint64_t tg_exchange_fresh_until(const struct tg_exchange *exchange, enum tg_store_loss on_loss);

/* Returns the counters, which are the exchange's and go on changing. */
const struct tg_exchange_counters *tg_exchange_read_counters(const struct tg_exchange *exchange);

/*
 * Returns what this node takes: the sum over all limits of tokens a second divided by the limit's
 * rate, because tokens of different limits cannot be added. Smoothed with a half-life of 1 s.
 */
double tg_exchange_pace(const struct tg_exchange *exchange);

#endif
