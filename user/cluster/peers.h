/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other nodes, by their frames. */
#ifndef TG_CLUSTER_PEERS_H
#define TG_CLUSTER_PEERS_H

#include "cluster/exchange_private.h"

/*
 * A frame as it was found in the store. Counts of sources that grew become debts. 0; -EALREADY:
 * seen before, or this node's; -EEXIST: of another that has this node's name; or as
 * tg_node_frame_decode().
 */
int tg_peers_receive(struct tg_exchange *exchange, const uint8_t *bytes, size_t length,
		     uint64_t now);

const struct tg_peer *tg_peers_all(const struct tg_exchange *exchange, size_t *n);

/* Finds the limits that the peer defines otherwise; its counts of them are left out. */
void tg_peers_compare_tables(struct tg_exchange *exchange, struct tg_peer *peer);

/* Notes who is not heard any more, and forgets who is gone. */
void tg_peers_watch(struct tg_exchange *exchange, uint64_t now);

#endif
