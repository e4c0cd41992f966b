/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounds of shared limits, and what can be configured of them: all that the configuration has to
 * know of the exchange between nodes. */
#ifndef TG_CONFIG_BOUNDS_H
#define TG_CONFIG_BOUNDS_H

#include <stdint.h>

#define TG_SHARE_NAME_SIZE   64	   /* bytes, with the NUL: of nodes and limits */
#define TG_SHARE_LIMITS_MAX  64	   /* in one frame */
#define TG_SHARE_SOURCES_MAX 16384 /* in one frame */
#define TG_SHARE_SECRET_MAX  256   /* bytes */

#define TG_SHARE_NODES_MAX 1024
#define TG_SHARE_HOLD_NS   30000000000ULL /* for which hold holds */
#define TG_SHARE_GONE_NS   60000000000ULL /* without a frame, after which a node is forgotten */

/* What a limit does while the others cannot be heard. */
enum tg_share_loss {
	TG_SHARE_SPLIT, /* each node has its part of the rate */
	TG_SHARE_HOLD,	/* the others are taken to go on as they did; after TG_SHARE_HOLD_NS, split
			 */
	TG_SHARE_LOCAL, /* each node has the whole rate */
	TG_SHARE_OPEN,	/* the limit admits everything */
};

/*
 * S, in ticks: the longest time for which the others may not know what a node takes. One tick until
 * it is published, one until it is read, and a round trip. A longer round trip than a tick is a
 * missed round.
 */
#define TG_SHARE_UNHEARD_TICKS 3

/*
 * Tokens, (N - 1)(B + R S): the most that @nodes together admit beyond what one node alone would,
 * in any window. Each further node can empty a whole bucket (@capacity, B) and spend what is
 * refilled in S (@refilled, R S) before it hears of the others.
 */
static inline double tg_share_excess(uint32_t nodes, double capacity, double refilled)
{
	return (nodes - 1.0) * (capacity + refilled);
}

#endif
