// SPDX-License-Identifier: GPL-2.0-or-later
/* Metrics of interfaces, limits, the table and the daemon. */
#include <errno.h>
#include <event2/buffer.h>
#include <inttypes.h>

#include "config/names.h"
#include "daemon/daemon.h"
#include "http/exposition.h"
#include "http/metrics.h"
#include "http/metrics_cluster.h"
#include "datapath/stats.h"

static void add_sums(struct tg_metrics *metrics, const struct tg_stats *stats)
{
	const struct tg_interface_stats *interface;
	uint64_t passed, dropped;
	size_t i;

	tg_metrics_head(metrics, "tidegate_received_packets_total", "counter",
			"Packets seen: always passed + dropped.");
	for (i = 0; i < stats->interfaces_n; i++) {
		interface = &stats->interfaces[i];
		passed = tg_interface_stats_sum(interface, true);
		dropped = tg_interface_stats_sum(interface, false);
		tg_metrics_add(
			metrics,
			"tidegate_received_packets_total{interface=\"%s\",hook=\"%s\"} %" PRIu64
			"\n",
			tg_metrics_write_label(interface->name).text, interface->hook,
			passed + dropped);
	}
	tg_metrics_head(metrics, "tidegate_passed_packets_total", "counter",
			"Packets that went on.");
	for (i = 0; i < stats->interfaces_n; i++) {
		interface = &stats->interfaces[i];
		tg_metrics_add(
			metrics,
			"tidegate_passed_packets_total{interface=\"%s\",hook=\"%s\"} %" PRIu64 "\n",
			tg_metrics_write_label(interface->name).text, interface->hook,
			tg_interface_stats_sum(interface, true));
	}
}

static void add_drops(struct tg_metrics *metrics, const struct tg_stats *stats)
{
	const struct tg_interface_stats *interface;
	int reason;
	size_t i;

	tg_metrics_head(metrics, "tidegate_dropped_packets_total", "counter",
			"Packets dropped, by reason.");
	for (i = 0; i < stats->interfaces_n; i++) {
		interface = &stats->interfaces[i];
		for (reason = 0; reason < TG_REASON_COUNT; reason++)
			if (!tg_reason_passes(reason))
				tg_metrics_add(
					metrics,
					"tidegate_dropped_packets_total{interface=\"%s\",hook=\"%s\","
					"reason=\"%s\"} %" PRIu64 "\n",
					tg_metrics_write_label(interface->name).text,
					interface->hook, tg_reason_name(reason),
					interface->packets[reason]);
	}
}

static void add_attached(struct tg_metrics *metrics, const struct tg_stats *stats)
{
	const struct tg_interface_stats *interface;
	size_t i;

	tg_metrics_head(metrics, "tidegate_interface_attached", "gauge",
			"1 if our program is what the interface runs.");
	for (i = 0; i < stats->interfaces_n; i++) {
		interface = &stats->interfaces[i];
		tg_metrics_add(
			metrics,
			"tidegate_interface_attached{interface=\"%s\",hook=\"%s\",mode=\"%s\"} %d\n",
			tg_metrics_write_label(interface->name).text, interface->hook,
			interface->mode, interface->healthy);
	}
}

static void add_missing(struct tg_metrics *metrics, const struct tg_stats *stats)
{
	const struct tg_missing *missing;
	size_t i;

	tg_metrics_head(metrics, "tidegate_interface_missing", "gauge",
			"1 for a hook that the configuration means and that has no program.");
	for (i = 0; i < stats->missing.n; i++) {
		missing = &stats->missing.items[i];
		tg_metrics_add(
			metrics,
			"tidegate_interface_missing{interface=\"%s\",hook=\"%s\",reason=\"%s\"} 1\n",
			tg_metrics_write_label(missing->name).text, tg_hook_name(missing->hook),
			tg_missing_reason_name(missing->reason));
	}
	tg_metrics_head(metrics, "tidegate_interfaces_missing", "gauge",
			"Hooks that the configuration means and that have no program.");
	tg_metrics_add(metrics, "tidegate_interfaces_missing %zu\n",
		       stats->missing.n + stats->missing.unlisted);
	tg_metrics_head(metrics, "tidegate_interface_listing_failed", "gauge",
			"1 if it is not known which interfaces there are.");
	tg_metrics_add(metrics, "tidegate_interface_listing_failed %d\n", stats->unlisted[0] != 0);
}

static void add_verdicts(struct tg_metrics *metrics, const struct tg_stats *stats, const char *name,
			 const char *help, bool bytes)
{
	const struct tg_limit_stats *limit;
	const __u64 *counts;
	int verdict;
	size_t i;

	tg_metrics_head(metrics, name, "counter", help);
	for (i = 0; i < stats->limits_n; i++) {
		limit = &stats->limits[i];
		counts = bytes ? limit->counters.bytes : limit->counters.packets;
		for (verdict = 0; verdict < TG_VERDICT_COUNT; verdict++)
			tg_metrics_add(metrics, "%s{limit=\"%s\",verdict=\"%s\"} %llu\n", name,
				       limit->name, tg_verdict_name(verdict), counts[verdict]);
	}
}

static void add_new_sources(struct tg_metrics *metrics, const struct tg_stats *stats)
{
	const struct tg_limit_stats *limit;
	size_t i;

	tg_metrics_head(metrics, "tidegate_new_sources_total", "counter",
			"Sources that got a bucket of their own.");
	for (i = 0; i < stats->limits_n; i++) {
		limit = &stats->limits[i];
		tg_metrics_add(metrics, "tidegate_new_sources_total{limit=\"%s\"} %llu\n",
			       limit->name, limit->counters.created);
	}
	tg_metrics_head(
		metrics, "tidegate_new_sources_refused_total", "counter",
		"Packets charged to a shared bucket, because their source had none of its own.");
	for (i = 0; i < stats->limits_n; i++) {
		limit = &stats->limits[i];
		tg_metrics_add(metrics, "tidegate_new_sources_refused_total{limit=\"%s\"} %llu\n",
			       limit->name, limit->counters.overflowed);
	}
}

static uint64_t count_table_full(const struct tg_stats *stats)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < stats->limits_n; i++)
		sum += stats->limits[i].counters.table_full;
	return sum;
}

static void add_table(struct tg_metrics *metrics, const struct tg_stats *stats)
{
	size_t i;

	tg_metrics_head(metrics, "tidegate_buckets", "gauge", "Buckets in the table.");
	for (i = 0; i < stats->limits_n; i++)
		tg_metrics_add(metrics, "tidegate_buckets{limit=\"%s\"} %" PRIu64 "\n",
			       stats->limits[i].name, stats->limits[i].buckets);
	tg_metrics_head(metrics, "tidegate_buckets_reserved", "gauge",
			"Buckets of the table that no other limit takes.");
	for (i = 0; i < stats->limits_n; i++)
		tg_metrics_add(metrics, "tidegate_buckets_reserved{limit=\"%s\"} %" PRIu64 "\n",
			       stats->limits[i].name, stats->limits[i].reserved);
	tg_metrics_head(metrics, "tidegate_table_size", "gauge",
			"Buckets that the table can hold.");
	tg_metrics_add(metrics, "tidegate_table_size %u\n", stats->table_size);
	tg_metrics_head(metrics, "tidegate_table_full_packets_total", "counter",
			"Packets of new sources that found the table full.");
	tg_metrics_add(metrics, "tidegate_table_full_packets_total %" PRIu64 "\n",
		       count_table_full(stats));
}

static void add_daemon(struct tg_metrics *metrics, const struct tg_stats *stats,
		       const struct tg_daemon *daemon)
{
	tg_metrics_head(metrics, "tidegate_policy_generation", "gauge",
			"Raised by every change of the policy.");
	tg_metrics_add(metrics, "tidegate_policy_generation %u\n", stats->generation);
	tg_metrics_head(metrics, "tidegate_policy_reloads_total", "counter",
			"Changes of the policy tried.");
	tg_metrics_add(metrics, "tidegate_policy_reloads_total{result=\"ok\"} %" PRIu64 "\n",
		       daemon->reloads_ok);
	tg_metrics_add(metrics, "tidegate_policy_reloads_total{result=\"failed\"} %" PRIu64 "\n",
		       daemon->reloads_failed);
	tg_metrics_head(metrics, "tidegate_build_info", "gauge", "Always 1.");
	tg_metrics_add(metrics, "tidegate_build_info{version=\"" TG_VERSION "\"} 1\n");
}

int tg_metrics_write(struct evbuffer *out, const struct tg_stats *stats,
		     const struct tg_cluster_stats *cluster, const struct tg_daemon *daemon)
{
	struct tg_metrics metrics = {.out = out};

	add_sums(&metrics, stats);
	add_drops(&metrics, stats);
	add_attached(&metrics, stats);
	add_missing(&metrics, stats);
	add_verdicts(&metrics, stats, "tidegate_limit_packets_total",
		     "Packets that a limit decided on.", false);
	add_verdicts(&metrics, stats, "tidegate_limit_bytes_total", "Bytes of those packets.",
		     true);
	add_new_sources(&metrics, stats);
	add_table(&metrics, stats);
	if (cluster)
		tg_metrics_write_cluster(&metrics, cluster);
	add_daemon(&metrics, stats, daemon);
	return metrics.failed ? -ENOMEM : 0;
}
