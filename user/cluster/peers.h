/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The other nodes, by their frames. */
#ifndef TG_CLUSTER_PEERS_H
#define TG_CLUSTER_PEERS_H

#include "cluster/exchange_private.h"

/*
 * A frame as it was found in the store. Counts of sources that grew become debts. 0; -EALREADY:
 * seen before, or this node's; -EEXIST: of another that has this node's name; or as
 * tg_share_frame_decode().
 */
int tg_share_receive(struct tg_share *share, const uint8_t *bytes, size_t length, uint64_t now);

const struct tg_share_peer *tg_share_peers(const struct tg_share *share, size_t *n);

/* Finds the limits that the peer defines otherwise; its counts of them are left out. */
void tg_share_compare_tables(struct tg_share *share, struct tg_share_peer *peer);

/* Notes who is not heard any more, and forgets who is gone. */
void tg_share_watch_peers(struct tg_share *share, uint64_t now);

#endif
