/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Describes what the daemon knows as JSON with stable keys: times in ms, sizes in bytes. Each
 * function returns a new reference, NULL when out of memory, and keeps none of its arguments.
 */
#ifndef TG_CONTROL_REPORT_H
#define TG_CONTROL_REPORT_H

#include <jansson.h>
#include <tidegate/abi.h>

#include "datapath/entries.h"
#include "datapath/stats.h"

struct tg_cluster;
struct tg_daemon;

/* The result of `status`: daemon, health, interfaces and table. */
json_t *tg_report_status(const struct tg_stats *stats, const struct tg_daemon *daemon);

/* The result of `limits`: settings and counters of all limits, or of that named @only. */
json_t *tg_report_limits(const struct tg_stats *stats, const char *only);

/* The result of `why ADDRESS`: the entry of the lists that decides (@list), and @n buckets.
 * @cluster is NULL if no limit is shared. */
json_t *tg_report_why(const struct tg_prefix *address, const struct tg_bucket_view *views, size_t n,
		      const struct tg_list_view *list, const struct tg_cluster *cluster);

/* The result of `why --key KEY`: the @n buckets of the key. @cluster as above. */
json_t *tg_report_why_key(const char *key, const struct tg_bucket_view *views, size_t n,
			  const struct tg_cluster *cluster);

/* One allow or deny entry, as `allow list` and `why` have it. JSON's null if @view is on no list.
 */
json_t *tg_report_listed(const struct tg_list_view *view);

/* The result of `top`: @n buckets in the order given. @generation is that of the policy. */
json_t *tg_report_top(const struct tg_bucket_view *views, size_t n, uint32_t generation);

#endif
