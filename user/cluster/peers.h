/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other nodes: the last frame of each, and what follows from the next one. */
#ifndef TG_CLUSTER_PEERS_H
#define TG_CLUSTER_PEERS_H

#include "cluster/exchange_private.h"

/*
 * Takes a frame from the store. The growth of each count since the node's last frame becomes a debt
 * of that source. The first frame of a node, of an epoch or after stale_after only sets the start.
 * @now in ns. Returns 0; -EALREADY if the frame was received before or is this node's; -EEXIST if
 * another node has this node's name; -ENOSPC if there are TG_SHARED_NODES_MAX nodes; or an error of
 * tg_node_frame_decode(), which is counted. -EACCES also if the frame is not of @node, whose key it
 * was under: without a frame key, one member could speak for all by one value.
 */
int tg_peers_receive(struct tg_exchange *exchange, const char *node, const uint8_t *bytes,
		     size_t length, uint64_t now);

/*
 * Returns the other nodes, @n of them, sorted by name. The exchange's; valid until the next frame
 * is received or a round ends.
 */
const struct tg_peer *tg_peers_all(const struct tg_exchange *exchange, size_t *n);

/* Updates peer->ignored, the limits that @peer defines otherwise, and counts new ones. */
void tg_peers_compare_tables(struct tg_exchange *exchange, struct tg_peer *peer);

/*
 * Marks nodes that were not heard for stale_after as stale. If the round that ends at @now was
 * complete, forgets those without a frame for TG_SHARED_GONE_NS and counts the nodes heard.
 */
void tg_peers_watch(struct tg_exchange *exchange, uint64_t now);

#endif
