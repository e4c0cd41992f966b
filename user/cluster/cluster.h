/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The exchange of shared limits, run by a timer. Each tick publishes through the store how many
 * tokens this node's buckets gave, and charges them what the other nodes' buckets gave.
 */
#ifndef TG_CLUSTER_CLUSTER_H
#define TG_CLUSTER_CLUSTER_H

#include "config/config.h"

struct event_base;
struct tg_cluster;
struct tg_cluster_secret;
struct tg_datapath;
struct tg_store_trust;

/*
 * Applies @config, which has just come into force in @datapath, with the @secret that
 * tg_cluster_secret_note() has read for it, and @trust of tg_store_trust_read() (NULL: what was
 * trusted before). Opens *@cluster if it is NULL, closes it and sets NULL
 * if @config has no cluster, and closes and opens it if a setting of the cluster or the secret
 * changed. Otherwise keeps the epoch and the list of sources. @base and @datapath must outlive the
 * cluster. Returns 0 or -errno, logged. After a failure shared limits are enforced as
 * on_store_loss says.
 */
int tg_cluster_follow(struct tg_cluster **cluster, struct event_base *base,
		      struct tg_datapath *datapath, const struct tg_config *config,
		      const struct tg_cluster_secret *secret, const struct tg_store_trust *trust);

/* Removes this node's frame from the store if that needs no waiting. NULL-safe; sets NULL. */
void tg_cluster_close(struct tg_cluster **cluster);

#endif
