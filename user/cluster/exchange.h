/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Limits shared between nodes: who has taken how much, and what each node's buckets owe for what
 * the others let through. No I/O and no clock: the caller brings frames, counts and the time (ns,
 * its own monotonic clock), so that the simulation runs the very same code as the daemon.
 *
 * A round, once a tick: for each source of the list, tg_sources_take_debt() the debt, charge it to
 * the bucket and tell what the bucket has given since; tg_exchange_publish() a frame;
 * tg_peers_receive() the others' frames; tg_exchange_settle() when all that there are have been
 * read.
 */
#ifndef TG_CLUSTER_EXCHANGE_H
#define TG_CLUSTER_EXCHANGE_H

#include "cluster/peers.h"
#include "cluster/sources.h"
#include "cluster/exchange_private.h"

#define TG_SHARED_IDLE_NS 10000000000ULL /* without a token taken, after which a source goes */

struct tg_exchange *tg_exchange_new(const struct tg_exchange_settings *settings);
void tg_exchange_free(struct tg_exchange **exchange);

/* The shared limits, in place of those before; sources of limits that are gone go. 0 or -errno. */
int tg_exchange_set_rules(struct tg_exchange *exchange, const struct tg_exchange_rule *rules,
			  size_t n);

/* The next frame; @bytes of tg_node_frame_size(max_sources). Its length or -errno. */
int tg_exchange_publish(struct tg_exchange *exchange, uint8_t *bytes);

/*
 * Ends a round in which all frames were read (@complete), or one that the store did not answer; so
 * does one in which no other node was heard where others are expected.
 * Forgets sources that rest and nodes that are gone; goes on for the others while it holds.
 */
void tg_exchange_settle(struct tg_exchange *exchange, bool complete, uint64_t now);

/* When the last complete round was; 0 never. */
uint64_t tg_exchange_settled_at(const struct tg_exchange *exchange);

/* Until when a limit is to be enforced as shared, if nothing is heard from now on; 0: not now. */
uint64_t tg_exchange_fresh_until(const struct tg_exchange *exchange, enum tg_store_loss on_loss);

const struct tg_exchange_counters *tg_exchange_read_counters(const struct tg_exchange *exchange);

/*
 * What this node has taken lately, all limits together, each in parts of its rate, since tokens of
 * one are nothing beside tokens of another. Half of what it was goes in a second.
 */
double tg_exchange_pace(const struct tg_exchange *exchange);

#endif
