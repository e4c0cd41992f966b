/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes all metrics in the Prometheus text format, version 0.0.4. */
#ifndef TG_HTTP_METRICS_H
#define TG_HTTP_METRICS_H

struct evbuffer;
struct tg_cluster_stats;
struct tg_daemon;
struct tg_stats;

/* Appends all metrics to @out; @cluster is NULL without a cluster. Returns 0, or -ENOMEM with part
 * of them in @out. */
int tg_metrics_write(struct evbuffer *out, const struct tg_stats *stats,
		     const struct tg_cluster_stats *cluster, const struct tg_daemon *daemon);

#endif
