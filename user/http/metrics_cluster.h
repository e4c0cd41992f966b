/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Metrics of the exchange with other nodes; there are none without a cluster. */
#ifndef TG_HTTP_METRICS_CLUSTER_H
#define TG_HTTP_METRICS_CLUSTER_H

struct tg_cluster_stats;
struct tg_metrics;

void tg_metrics_write_cluster(struct tg_metrics *metrics, const struct tg_cluster_stats *cluster);

#endif
