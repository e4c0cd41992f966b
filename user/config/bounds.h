/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounds of shared limits, and what can be configured of them: all that the configuration has to
 * know of the exchange between nodes. */
#ifndef TG_CONFIG_BOUNDS_H
#define TG_CONFIG_BOUNDS_H

#include <stdint.h>

#define TG_SHARED_NAME_SIZE   64    /* bytes, with the NUL: of nodes and limits */
#define TG_SHARED_LIMITS_MAX  64    /* in one frame */
#define TG_SHARED_SOURCES_MAX 16384 /* in one frame */
#define TG_SHARED_SECRET_MAX  256   /* bytes */

#define TG_SHARED_NODES_MAX   1024
#define TG_STORE_LOSS_HOLD_NS 30000000000ULL /* for which hold holds */
#define TG_SHARED_GONE_NS     60000000000ULL /* without a frame, after which a node is forgotten */

/* What a limit does while the others cannot be heard. */
enum tg_store_loss {
	TG_STORE_LOSS_SPLIT, /* each node has its part of the rate */
	TG_STORE_LOSS_HOLD,  /* the others are taken to go on as they did; after
			      * TG_STORE_LOSS_HOLD_NS, split
			      */
	TG_STORE_LOSS_LOCAL, /* each node has the whole rate */
	TG_STORE_LOSS_OPEN,  /* the limit admits everything */
};

/*
 * S, in ticks: the longest time for which the others may not know what a node takes. One tick until
 * it is published, one until it is read, and a round trip. A longer round trip than a tick is a
 * missed round.
 */
#define TG_SHARED_UNHEARD_TICKS 3

/*
 * Tokens, (N - 1)(B + R S): the most that @nodes together admit beyond what one node alone would,
 * in any window. Each further node can empty a whole bucket (@capacity, B) and spend what is
 * refilled in S (@refilled, R S) before it hears of the others.
 */
static inline double tg_shared_excess(uint32_t nodes, double capacity, double refilled)
{
	return (nodes - 1.0) * (capacity + refilled);
}

#endif
