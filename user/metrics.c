// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <event2/buffer.h>
#include <inttypes.h>
#include <stdarg.h>

#include "daemon.h"
#include "metrics.h"
#include "stats.h"

struct writer {
	struct evbuffer *out;
	const struct tg_stats *stats;
	bool failed;
};

/* A label's value: an interface's name escaped. Limits' names need none: they are validated. */
struct label {
	char text[2 * sizeof(((struct tg_interface_stats *)0)->name)];
};

static struct label label_of(const char *name)
{
	struct label label = {};
	size_t at = 0;

	for (; *name; name++) {
		if (*name == '"' || *name == '\\' || *name == '\n')
			label.text[at++] = '\\';
		label.text[at++] = *name == '\n' ? 'n' : *name;
	}
	return label;
}

static void add(struct writer *writer, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void add(struct writer *writer, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (evbuffer_add_vprintf(writer->out, format, arguments) < 0)
		writer->failed = true;
	va_end(arguments);
}

static void head(struct writer *writer, const char *name, const char *type, const char *help)
{
	add(writer, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void add_sums(struct writer *writer)
{
	const struct tg_interface_stats *interface;
	uint64_t passed, dropped;
	size_t i;

	head(writer, "tidegate_received_packets_total", "counter",
	     "Packets seen: always passed + dropped.");
	for (i = 0; i < writer->stats->interfaces_n; i++) {
		interface = &writer->stats->interfaces[i];
		passed = tg_interface_stats_sum(interface, true);
		dropped = tg_interface_stats_sum(interface, false);
		add(writer,
		    "tidegate_received_packets_total{interface=\"%s\",hook=\"%s\"} %" PRIu64 "\n",
		    label_of(interface->name).text, interface->hook, passed + dropped);
	}
	head(writer, "tidegate_passed_packets_total", "counter", "Packets that went on.");
	for (i = 0; i < writer->stats->interfaces_n; i++) {
		interface = &writer->stats->interfaces[i];
		add(writer,
		    "tidegate_passed_packets_total{interface=\"%s\",hook=\"%s\"} %" PRIu64 "\n",
		    label_of(interface->name).text, interface->hook,
		    tg_interface_stats_sum(interface, true));
	}
}

static void add_drops(struct writer *writer)
{
	const struct tg_interface_stats *interface;
	int reason;
	size_t i;

	head(writer, "tidegate_dropped_packets_total", "counter", "Packets dropped, by reason.");
	for (i = 0; i < writer->stats->interfaces_n; i++) {
		interface = &writer->stats->interfaces[i];
		for (reason = 0; reason < TG_REASON_COUNT; reason++)
			if (!tg_reason_passes(reason))
				add(writer,
				    "tidegate_dropped_packets_total{interface=\"%s\",hook=\"%s\","
				    "reason=\"%s\"} %" PRIu64 "\n",
				    label_of(interface->name).text, interface->hook,
				    tg_reason_name(reason), interface->packets[reason]);
	}
}

static void add_attached(struct writer *writer)
{
	const struct tg_interface_stats *interface;
	size_t i;

	head(writer, "tidegate_interface_attached", "gauge",
	     "1 if our program is what the interface runs.");
	for (i = 0; i < writer->stats->interfaces_n; i++) {
		interface = &writer->stats->interfaces[i];
		add(writer,
		    "tidegate_interface_attached{interface=\"%s\",hook=\"%s\",mode=\"%s\"} %d\n",
		    label_of(interface->name).text, interface->hook, interface->mode,
		    interface->healthy);
	}
}

static void add_verdicts(struct writer *writer, const char *name, const char *help, bool bytes)
{
	const struct tg_limit_stats *limit;
	const __u64 *counts;
	int verdict;
	size_t i;

	head(writer, name, "counter", help);
	for (i = 0; i < writer->stats->limits_n; i++) {
		limit = &writer->stats->limits[i];
		counts = bytes ? limit->counters.bytes : limit->counters.packets;
		for (verdict = 0; verdict < TG_VERDICT_COUNT; verdict++)
			add(writer, "%s{limit=\"%s\",verdict=\"%s\"} %llu\n", name, limit->name,
			    tg_verdict_name(verdict), counts[verdict]);
	}
}

static void add_new_sources(struct writer *writer)
{
	const struct tg_limit_stats *limit;
	size_t i;

	head(writer, "tidegate_new_sources_total", "counter",
	     "Sources that got a bucket of their own.");
	for (i = 0; i < writer->stats->limits_n; i++) {
		limit = &writer->stats->limits[i];
		add(writer, "tidegate_new_sources_total{limit=\"%s\"} %llu\n", limit->name,
		    limit->counters.created);
	}
	head(writer, "tidegate_new_sources_refused_total", "counter",
	     "Packets charged to a shared bucket, for want of one of their own.");
	for (i = 0; i < writer->stats->limits_n; i++) {
		limit = &writer->stats->limits[i];
		add(writer, "tidegate_new_sources_refused_total{limit=\"%s\"} %llu\n", limit->name,
		    limit->counters.overflowed);
	}
}

static uint64_t count_crowded(const struct tg_stats *stats)
{
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i < stats->limits_n; i++)
		sum += stats->limits[i].counters.crowded;
	return sum;
}

static void add_table(struct writer *writer)
{
	head(writer, "tidegate_buckets", "gauge", "Buckets in the table.");
	add(writer, "tidegate_buckets %" PRIu64 "\n", writer->stats->buckets);
	head(writer, "tidegate_table_size", "gauge", "Buckets that the table can hold.");
	add(writer, "tidegate_table_size %u\n", writer->stats->table_size);
	head(writer, "tidegate_table_full_packets_total", "counter",
	     "Packets of new sources that found the table full.");
	add(writer, "tidegate_table_full_packets_total %" PRIu64 "\n",
	    count_crowded(writer->stats));
}

static void add_daemon(struct writer *writer, const struct tg_daemon *daemon)
{
	head(writer, "tidegate_policy_generation", "gauge",
	     "Raised by every change of the policy.");
	add(writer, "tidegate_policy_generation %u\n", writer->stats->generation);
	head(writer, "tidegate_policy_reloads_total", "counter", "Changes of the policy tried.");
	add(writer, "tidegate_policy_reloads_total{result=\"ok\"} %" PRIu64 "\n",
	    daemon->reloads_ok);
	add(writer, "tidegate_policy_reloads_total{result=\"failed\"} %" PRIu64 "\n",
	    daemon->reloads_failed);
	head(writer, "tidegate_build_info", "gauge", "Always 1.");
	add(writer, "tidegate_build_info{version=\"" TG_VERSION "\"} 1\n");
}

int tg_metrics_write(struct evbuffer *out, const struct tg_stats *stats,
		     const struct tg_daemon *daemon)
{
	struct writer writer = {.out = out, .stats = stats};

	add_sums(&writer);
	add_drops(&writer);
	add_attached(&writer);
	add_verdicts(&writer, "tidegate_limit_packets_total", "Packets that a limit decided on.",
		     false);
	add_verdicts(&writer, "tidegate_limit_bytes_total", "Bytes of those packets.", true);
	add_new_sources(&writer);
	add_table(&writer);
	add_daemon(&writer, daemon);
	return writer.failed ? -ENOMEM : 0;
}
