/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes metrics of the exchange with other nodes. */
#ifndef TG_HTTP_METRICS_CLUSTER_H
#define TG_HTTP_METRICS_CLUSTER_H

struct tg_cluster_stats;
struct tg_metrics;

/* Appends them to @metrics; @cluster must not be NULL. Sets @metrics->failed when out of memory. */
void tg_metrics_write_cluster(struct tg_metrics *metrics, const struct tg_cluster_stats *cluster);

#endif
