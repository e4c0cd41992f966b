/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * This node among those with which limits are shared: every tick it tells the others through the
 * store what its buckets gave, and charges them with what the others' gave.
 */
#ifndef TG_CLUSTER_CLUSTER_H
#define TG_CLUSTER_CLUSTER_H

#include "config/config.h"

struct event_base;
struct tg_cluster;
struct tg_datapath;

/*
 * Goes on with what @config, which has just come into force, says of the cluster: NULL in *@cluster
 * if there is none. As long as the settings of the cluster stay the same, so do the epoch and the
 * list of sources. 0 or -errno, logged; then shared limits are enforced as on_store_loss has it.
 */
int tg_cluster_follow(struct tg_cluster **cluster, struct event_base *base,
		      struct tg_datapath *datapath, const struct tg_config *config);

void tg_cluster_close(struct tg_cluster **cluster); /* NULL-safe */

#endif
