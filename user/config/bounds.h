/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounds and settings of shared limits that both the configuration and the exchange between nodes
 * need.
 */
#ifndef TG_CONFIG_BOUNDS_H
#define TG_CONFIG_BOUNDS_H

#include <stdint.h>

#define TG_SHARED_NAME_SIZE   64    /* bytes of the name of a node or limit, with the NUL */
#define TG_SHARED_LIMITS_MAX  64    /* limits in one frame */
#define TG_SHARED_SOURCES_MAX 16384 /* sources in one frame */
#define TG_SHARED_SECRET_MAX  256   /* bytes of a frame key */

#define TG_SHARED_NODES_MAX   1024
#define TG_STORE_LOSS_HOLD_NS 30000000000ULL /* how long TG_STORE_LOSS_HOLD lasts */
#define TG_SHARED_GONE_NS     60000000000ULL /* a node silent for longer is forgotten */

/* What a shared limit does while the other nodes cannot be heard. */
enum tg_store_loss {
	TG_STORE_LOSS_SPLIT, /* each node refills at its part of the rate */
	/* The others are assumed to go on at their last rate; then as SPLIT. */
	TG_STORE_LOSS_HOLD,
	TG_STORE_LOSS_LOCAL, /* each node refills at the whole rate */
	TG_STORE_LOSS_OPEN,  /* the limit admits everything */
};

/*
 * S, in ticks: the longest time in which the others do not know what a node takes. It takes up to
 * one tick to be published, one to be read, and one for the round trip. A longer round trip counts
 * as a missed round.
 */
#define TG_SHARED_UNHEARD_TICKS 3

/*
 * Returns (N - 1)(B + R S): the most tokens that @nodes (N) together admit in any window, beyond
 * what one node alone would. Each further node can empty a bucket of @capacity tokens (B) and spend
 * the @refilled tokens of S (R S) before it hears of the others.
 */
static inline double tg_shared_excess(uint32_t nodes, double capacity, double refilled)
{
	return (nodes - 1.0) * (capacity + refilled);
}

#endif
