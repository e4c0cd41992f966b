/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exchange with other nodes, as JSON with stable keys: times in ms, amounts in tokens. */
#ifndef TG_CONTROL_REPORT_CLUSTER_H
#define TG_CONTROL_REPORT_CLUSTER_H

#include <jansson.h>

#include "cluster/cluster_stats.h"

/* New references, or NULL when out of memory. */
json_t *tg_report_cluster(const struct tg_cluster_stats *stats);

/* What other nodes have to do with a bucket; null if its limit is not shared. */
json_t *tg_report_shared(const struct tg_cluster *cluster, const struct tg_bucket_view *view);

#endif
