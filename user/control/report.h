/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon knows, as JSON with stable keys: times in ms, sizes in bytes. */
#ifndef TG_CONTROL_REPORT_H
#define TG_CONTROL_REPORT_H

#include <jansson.h>
#include <tidegate/abi.h>

#include "datapath/entries.h"
#include "datapath/stats.h"

struct tg_cluster;
struct tg_daemon;

/* New references, or NULL when out of memory. */
json_t *tg_report_status(const struct tg_stats *stats, const struct tg_daemon *daemon);
json_t *tg_report_limits(const struct tg_stats *stats, const char *only); /* NULL: all */
json_t *tg_report_why(const struct tg_prefix *address, const struct tg_bucket_view *views, size_t n,
		      const struct tg_list_view *list, const struct tg_cluster *cluster);
json_t *tg_report_why_key(const char *key, const struct tg_bucket_view *views, size_t n,
			  const struct tg_cluster *cluster);
json_t *tg_report_listed(const struct tg_list_view *view); /* null: on no list */
json_t *tg_report_top(const struct tg_bucket_view *views, size_t n, uint32_t generation);

#endif
