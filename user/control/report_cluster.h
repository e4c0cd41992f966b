/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Describes the exchange with other nodes as JSON with stable keys: times in ms, amounts in tokens.
 * Each function returns a new reference, NULL when out of memory.
 */
#ifndef TG_CONTROL_REPORT_CLUSTER_H
#define TG_CONTROL_REPORT_CLUSTER_H

#include <jansson.h>

#include "cluster/cluster_stats.h"

/* The result of `cluster`: this node, its store, the other nodes, and the limits shared. */
json_t *tg_report_cluster(const struct tg_cluster_stats *stats);

/* What other nodes have taken from the bucket of @view. JSON's null if its limit is not shared; so
 * it is if @cluster is NULL. */
json_t *tg_report_shared(const struct tg_cluster *cluster, const struct tg_bucket_view *view);

#endif
