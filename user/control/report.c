// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes the results of status, limits, why and top from counters and views of buckets. */
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/json.h"
#include "control/report_cluster.h"
#include "config/names.h"
#include "daemon/daemon.h"
#include "daemon/history.h"
#include "control/health.h"
#include "control/report.h"
#include "base/text.h"
#include "base/units.h"

/* Rounds up, so that waiting so long is always enough. */
static json_int_t to_ms(uint64_t ns)
{
	return ns / NS_PER_MS + (ns % NS_PER_MS != 0);
}

static const char *state_name(enum tg_bucket_state state)
{
	static const char *const names[] = {"open", "exceeded", "backoff", "untracked"};

	return names[state];
}

/* Puts question marks for bytes of a path that are not UTF-8, because JSON cannot carry them. */
static json_t *path_of(const char *path)
{
	json_t *json = json_string(path);
	tg_autofree char *copy = json ? NULL : strdup(path);

	if (copy) {
		tg_text_force_printable(copy);
		json = json_string(copy);
	}
	return json;
}

static json_t *reasons_of(const struct tg_interface_stats *stats)
{
	json_t *reasons = json_object();
	int reason;

	for (reason = 0; reason < TG_REASON_COUNT; reason++)
		if (stats->packets[reason])
			json_object_set_new(reasons, tg_reason_name(reason),
					    json_integer(stats->packets[reason]));
	return reasons;
}

static json_t *interface_of(const struct tg_interface_stats *stats)
{
	uint64_t passed = tg_interface_stats_sum(stats, true);
	uint64_t dropped = tg_interface_stats_sum(stats, false);

	return json_pack("{s:s, s:I, s:s, s:s, s:s, s:b, s:I, s:I, s:I, s:o}", "interface",
			 stats->name, "ifindex", (json_int_t)stats->ifindex, "hook", stats->hook,
			 "mode", stats->mode, "header", stats->header, "healthy", stats->healthy,
			 "received", (json_int_t)(passed + dropped), "passed", (json_int_t)passed,
			 "dropped", (json_int_t)dropped, "reasons", reasons_of(stats));
}

/* Lists the interfaces that the configuration names and this machine does not have, in the order of
 * the configuration. */
static json_t *waiting_for(const struct tg_stats *stats, const struct tg_config *config)
{
	const struct tg_missing_list *missing = &stats->missing;
	json_t *names = json_array();
	size_t i, j;

	for (i = 0; i < config->interfaces_n; i++) {
		for (j = 0; j < missing->n; j++)
			if (missing->items[j].reason == TG_MISSING_ABSENT &&
			    strcmp(missing->items[j].name, config->interfaces[i].name) == 0)
				break;
		if (j < missing->n)
			json_array_append_new(names, json_string(config->interfaces[i].name));
	}
	return names;
}

/* Lists every hook of every interface that the configuration means and does not get. */
static json_t *missing_of(const struct tg_missing_list *missing)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < missing->n; i++)
		json_array_append_new(
			list, json_pack("{s:s, s:s, s:s, s:s}", "interface", missing->items[i].name,
					"hook", tg_hook_name(missing->items[i].hook), "reason",
					tg_missing_reason_name(missing->items[i].reason), "why",
					missing->items[i].why));
	return list;
}

static json_t *confirm_of(const struct tg_daemon *daemon)
{
	if (!daemon->history.deadline_ns)
		return json_null();
	return json_pack("{s:b, s:I, s:I}", "pending", 1, "remaining_ms",
			 to_ms(tg_history_remaining(daemon)), "generation_before",
			 (json_int_t)daemon->history.before);
}

static json_t *full_limits(const struct tg_stats *stats)
{
	json_t *names = json_array();
	size_t i;

	for (i = 0; i < stats->limits_n; i++)
		if (stats->limits[i].full)
			json_array_append_new(names, json_string(stats->limits[i].name));
	return names;
}

static json_t *table_of(const struct tg_stats *stats)
{
	return json_pack("{s:I, s:I, s:I, s:b, s:o}", "size", (json_int_t)stats->table_size,
			 "buckets", (json_int_t)stats->buckets, "reserved",
			 (json_int_t)stats->reserved, "full", stats->full, "full_limits",
			 full_limits(stats));
}

static json_t *shadow_limits(const struct tg_stats *stats)
{
	json_t *names = json_array();
	size_t i;

	for (i = 0; i < stats->limits_n; i++)
		if (stats->limits[i].shadow)
			json_array_append_new(names, json_string(stats->limits[i].name));
	return names;
}

json_t *tg_report_status(const struct tg_stats *stats, const struct tg_daemon *daemon)
{
	uint64_t uptime = tg_now_ns() - daemon->started_ns;
	json_t *interfaces = json_array(), *problems = tg_health_problems(stats, daemon), *status;
	size_t i;

	for (i = 0; i < stats->interfaces_n; i++)
		json_array_append_new(interfaces, interface_of(&stats->interfaces[i]));
	status = json_pack(
		"{s:{s:s, s:I, s:I, s:o, s:o, s:o}, s:o, s:o, s:I, s:o, s:o, s:o, s:I, s:o, s:{s:I, s:I}}",
		"daemon", "version", TG_VERSION, "pid", (json_int_t)getpid(), "uptime_ms",
		(json_int_t)(uptime / NS_PER_MS), "config", path_of(daemon->config_path), "control",
		path_of(daemon->control_path), "state", path_of(daemon->state_dir), "policy",
		path_of(daemon->config->path), "confirm", confirm_of(daemon), "generation",
		(json_int_t)stats->generation, "interfaces", interfaces, "waiting_for",
		waiting_for(stats, daemon->config), "table", table_of(stats), "limits",
		(json_int_t)stats->limits_n, "shadow_limits", shadow_limits(stats), "reloads", "ok",
		(json_int_t)daemon->reloads_ok, "failed", (json_int_t)daemon->reloads_failed);
	json_object_set_new(status, "missing", missing_of(&stats->missing));
	json_object_set_new(status, "health", tg_health_line(problems));
	json_object_set_new(status, "problems", problems);
	return status;
}

static json_t *verdicts_of(const __u64 counts[TG_VERDICT_COUNT])
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I}", "admitted",
			 (json_int_t)counts[TG_VERDICT_ADMITTED], "dropped",
			 (json_int_t)counts[TG_VERDICT_DROPPED], "marked",
			 (json_int_t)counts[TG_VERDICT_MARKED], "delayed",
			 (json_int_t)counts[TG_VERDICT_DELAYED], "rejected",
			 (json_int_t)counts[TG_VERDICT_REJECTED], "shadow_exceeded",
			 (json_int_t)counts[TG_VERDICT_SHADOW_EXCEEDED]);
}

/* Uses keys that the file does not have: there new_sources is a mapping, here it is a counter. */
static void add_new_sources(json_t *limit, const struct tg_refill *refill)
{
	char rate[64];

	if (!refill->capacity)
		return;
	json_object_set_new(limit, "new_sources_rate",
			    json_string(tg_format_rate(TG_RATE_COUNT, refill->amount,
						       refill->interval, rate, sizeof(rate))));
	json_object_set_new(limit, "new_sources_burst", json_integer((json_int_t)refill->capacity));
}

static json_t *limit_of(const struct tg_limit_stats *stats)
{
	enum tg_rate_kind kind = stats->unit == TG_CONFIG_BYTES ? TG_RATE_BYTES : TG_RATE_COUNT;
	char rate[64];
	json_t *limit = json_pack(
		"{s:s, s:s, s:I, s:I, s:o, s:b, s:I, s:o, s:o, s:I, s:I}", "name", stats->name,
		"unit", tg_unit_name(stats->unit), "capacity", (json_int_t)stats->refill.capacity,
		"refill_amount", (json_int_t)stats->refill.amount, "refill_interval_ms",
		tg_json_ms(stats->refill.interval), "shadow", stats->shadow, "buckets",
		(json_int_t)stats->buckets, "packets", verdicts_of(stats->counters.packets),
		"bytes", verdicts_of(stats->counters.bytes), "new_sources",
		(json_int_t)stats->counters.created, "overflowed",
		(json_int_t)stats->counters.overflowed);

	json_object_set_new(limit, "on_exceed", json_string(tg_action_name(stats->action)));
	json_object_set_new(limit, "shared", json_boolean(stats->shared));
	json_object_set_new(limit, "buckets_reserved", json_integer((json_int_t)stats->reserved));
	json_object_set_new(limit, "buckets_room", json_integer((json_int_t)stats->room));
	if (stats->mark_above)
		json_object_set_new(limit, "mark_above", json_integer(stats->mark_above));
	if (stats->max_delay)
		json_object_set_new(limit, "max_delay_ms", tg_json_ms(stats->max_delay));
	add_new_sources(limit, &stats->new_sources);
	if (stats->refill.continuous)
		json_object_set_new(
			limit, "rate",
			json_string(tg_format_rate(kind, stats->refill.amount,
						   stats->refill.interval, rate, sizeof(rate))));
	return limit;
}

json_t *tg_report_limits(const struct tg_stats *stats, const char *only)
{
	json_t *limits = json_array();
	size_t i;

	for (i = 0; i < stats->limits_n; i++)
		if (!only || strcmp(stats->limits[i].name, only) == 0)
			json_array_append_new(limits, limit_of(&stats->limits[i]));
	return json_pack("{s:I, s:o}", "generation", (json_int_t)stats->generation, "limits",
			 limits);
}

/* Returns "192.0.2.9/32", "everyone", or "key:" and the first 8 bytes of the hash of a key that an
 * application named. */
static const char *bucket_name(const struct tg_bucket_view *view, char *text, size_t size)
{
	const uint8_t *hash = view->bucket.address;

	if (view->per == TG_CONFIG_PER_EVERYONE)
		return "everyone";
	if (view->per == TG_CONFIG_PER_KEY) {
		snprintf(text, size, "key:%02x%02x%02x%02x%02x%02x%02x%02x", hash[0], hash[1],
			 hash[2], hash[3], hash[4], hash[5], hash[6], hash[7]);
		return text;
	}
	return tg_prefix_format(&view->bucket, text, size);
}

/* Adds what the key of the bucket holds beside the address. */
static void add_key(json_t *json, const struct tg_bucket_view *view)
{
	if (view->port >= 0)
		json_object_set_new(json, "destination_port", json_integer(view->port));
	if (view->protocol >= 0)
		json_object_set_new(json, "protocol", json_integer(view->protocol));
}

static json_t *view_of(const struct tg_bucket_view *view, const struct tg_cluster *cluster)
{
	char bucket[TG_PREFIX_TEXT_SIZE];
	json_t *json =
		json_pack("{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:s, s:I, s:I, s:o}", "limit",
			  view->limit, "bucket", bucket_name(view, bucket, sizeof(bucket)), "unit",
			  tg_unit_name(view->unit), "capacity", (json_int_t)view->capacity,
			  "remaining", (json_int_t)view->remaining, "reset_ms",
			  to_ms(view->reset_ns), "retry_after_ms", to_ms(view->retry_after_ns),
			  "state", state_name(view->state), "admitted", (json_int_t)view->admitted,
			  "exceeded", (json_int_t)view->exceeded, "exceeded_ago_ms",
			  view->exceeded_ago_ns == UINT64_MAX
				  ? json_null()
				  : json_integer(view->exceeded_ago_ns / NS_PER_MS));

	add_key(json, view);
	json_object_set_new(json, "shadow", json_boolean(view->shadow));
	json_object_set_new(json, "attempt", json_integer(view->attempt));
	json_object_set_new(json, "backoff_ms", json_integer(to_ms(view->backoff_ns)));
	json_object_set_new(json, "overflow", json_boolean(view->overflow));
	json_object_set_new(json, "shared", tg_report_shared(cluster, view));
	return json;
}

/* Entries of the configuration get no "note" and no "added", because they have none. */
json_t *tg_report_listed(const struct tg_list_view *view)
{
	char prefix[TG_PREFIX_TEXT_SIZE], added[32] = "";
	time_t seconds = view->added;
	struct tm time;
	json_t *entry;

	if (view->list == TG_LIST_NEITHER)
		return json_null();
	entry = json_pack("{s:s, s:s, s:s, s:o}", "prefix",
			  tg_prefix_format(&view->prefix, prefix, sizeof(prefix)), "list",
			  view->list == TG_LIST_ALLOW ? "allow" : "deny", "origin",
			  view->dynamic ? "dynamic" : "config", "expires_in_ms",
			  view->left_ns == TG_NO_END ? json_null()
						     : json_integer(to_ms(view->left_ns)));
	if (!view->dynamic)
		return entry;
	if (gmtime_r(&seconds, &time))
		strftime(added, sizeof(added), "%Y-%m-%dT%H:%M:%SZ", &time);
	json_object_set_new(entry, "note", json_string(view->note));
	if (view->automatic)
		json_object_set_new(entry, "auto", json_true());
	json_object_set_new(entry, "added", json_string(added));
	return entry;
}

json_t *tg_report_why(const struct tg_prefix *address, const struct tg_bucket_view *views, size_t n,
		      const struct tg_list_view *list, const struct tg_cluster *cluster)
{
	char text[TG_PREFIX_TEXT_SIZE];
	json_t *limits = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(limits, view_of(&views[i], cluster));
	tg_prefix_format(address, text, sizeof(text));
	text[strcspn(text, "/")] = '\0';
	return json_pack("{s:s, s:b, s:b, s:o, s:o}", "address", text, "allowed",
			 list->list == TG_LIST_ALLOW, "denied", list->list == TG_LIST_DENY, "list",
			 tg_report_listed(list), "limits", limits);
}

json_t *tg_report_why_key(const char *key, const struct tg_bucket_view *views, size_t n,
			  const struct tg_cluster *cluster)
{
	json_t *limits = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(limits, view_of(&views[i], cluster));
	return json_pack("{s:s, s:o}", "key", key, "limits", limits);
}

json_t *tg_report_top(const struct tg_bucket_view *views, size_t n, uint32_t generation)
{
	char source[TG_PREFIX_TEXT_SIZE];
	json_t *sources = json_array(), *json;
	size_t i;

	for (i = 0; i < n; i++) {
		json = json_pack(
			"{s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:I}", "source",
			bucket_name(&views[i], source, sizeof(source)), "limit", views[i].limit,
			"unit", tg_unit_name(views[i].unit), "capacity",
			(json_int_t)views[i].capacity, "remaining", (json_int_t)views[i].remaining,
			"state", state_name(views[i].state), "admitted",
			(json_int_t)views[i].admitted, "exceeded", (json_int_t)views[i].exceeded);
		add_key(json, &views[i]);
		json_object_set_new(json, "shadow", json_boolean(views[i].shadow));
		json_array_append_new(sources, json);
	}
	return json_pack("{s:I, s:o}", "generation", (json_int_t)generation, "sources", sources);
}
