// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "cluster_report.h"
#include "commands.h"
#include "config.h"
#include "daemon.h"
#include "datapath.h"
#include "events.h"
#include "report.h"
#include "reply.h"
#include "requests.h"
#include "top.h"

json_t *tg_request_status(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_stats_free) struct tg_stats *stats = NULL;

	if (tg_datapath_stats(daemon->datapath, &stats))
		return tg_reply_fail(TG_EXIT_FAILED, "the counters cannot be read");
	return tg_reply_done(tg_report_status(stats, daemon));
}

json_t *tg_request_limits(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_stats_free) struct tg_stats *stats = NULL;
	const char *name = tg_request_text(request, "limit");

	if (name && !tg_config_find_limit(daemon->config, name))
		return tg_reply_no_limit(daemon, name);
	if (tg_datapath_stats(daemon->datapath, &stats))
		return tg_reply_fail(TG_EXIT_FAILED, "the counters cannot be read");
	return tg_reply_done(tg_report_limits(stats, name));
}

static json_t *do_top(struct tg_daemon *daemon, const json_t *request)
{
	const char *limit = tg_request_text(request, "limit"), *by = tg_request_text(request, "by");
	json_int_t n = json_integer_value(json_object_get(request, "n"));
	json_t *result = NULL;

	if (limit && !tg_config_find_limit(daemon->config, limit))
		return tg_reply_no_limit(daemon, limit);
	if (by && strcmp(by, "exceeded") != 0 && strcmp(by, "admitted") != 0)
		return tg_reply_fail(TG_EXIT_USAGE, "--by is exceeded or admitted, not \"%s\"", by);
	if (n < 0 || n > TG_TOP_MAX)
		return tg_reply_fail(TG_EXIT_USAGE, "-n is 1 to %d", TG_TOP_MAX);
	if (tg_top(daemon->datapath, limit, by && strcmp(by, "admitted") == 0, n ? n : 20, &result))
		return tg_reply_fail(TG_EXIT_FAILED, "the bucket table cannot be read");
	return tg_reply_done(result);
}

/* A plain address; returns false for anything else. */
static bool parse_address(const char *text, struct tg_prefix *address)
{
	char why[256];

	return text && tg_prefix_parse(text, address, why, sizeof(why)) == 0 &&
	       address->length == 128;
}

static json_t *bad_address(const char *text)
{
	return tg_reply_fail(TG_EXIT_USAGE,
			     "\"%s\" is not an address; write it as 192.0.2.9 or 2001:db8::9",
			     text ? text : "");
}

static json_t *do_why(struct tg_daemon *daemon, const json_t *request)
{
	struct tg_bucket_view views[TG_VIEWS_MAX];
	const char *text = tg_request_text(request, "address");
	struct tg_prefix address;
	struct tg_list_view list;
	const char *key = tg_request_text(request, "key");
	size_t n;

	if (key) {
		tg_datapath_why_key(daemon->datapath, key, views, &n);
		return tg_reply_done(tg_report_why_key(key, views, n, daemon->cluster));
	}
	if (!parse_address(text, &address))
		return bad_address(text);
	if (tg_datapath_why(daemon->datapath, address.address, views, &n, &list))
		return tg_reply_fail(TG_EXIT_FAILED, "the bucket table cannot be read");
	return tg_reply_done(tg_report_why(&address, views, n, &list, daemon->cluster));
}

static json_t *do_cluster(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_cluster_stats_free) struct tg_cluster_stats *stats = NULL;

	if (tg_cluster_stats(daemon->cluster, &stats))
		return tg_reply_fail(TG_EXIT_FAILED, "out of memory");
	if (!stats)
		return tg_reply_fail(TG_EXIT_NOT_FOUND,
				     "this machine is in no cluster, so its limits are its own; "
				     "`cluster` in the configuration says with whom and through "
				     "which Redis it shares them");
	return tg_reply_done(tg_report_cluster(stats));
}

#define EVENTS_MAX 1000 /* in one answer */

static json_t *do_events(struct tg_daemon *daemon, const json_t *request)
{
	const char *limit = tg_request_text(request, "limit");
	json_int_t after = json_integer_value(json_object_get(request, "after"));
	json_int_t n = json_integer_value(json_object_get(request, "n"));

	if (limit && !tg_config_find_limit(daemon->config, limit))
		return tg_reply_no_limit(daemon, limit);
	if (n < 1 || n > EVENTS_MAX)
		return tg_reply_fail(TG_EXIT_USAGE, "-n is 1 to %d", EVENTS_MAX);
	return tg_reply_done(tg_events_report(daemon->events, limit, after, n,
					      json_is_true(json_object_get(request, "last"))));
}

static json_t *do_reset(struct tg_daemon *daemon, const json_t *request)
{
	const char *limit = tg_request_text(request, "limit"),
		   *text = tg_request_text(request, "address"),
		   *key = tg_request_text(request, "key");
	bool all = json_is_true(json_object_get(request, "all"));
	struct tg_prefix address;
	uint32_t count = 0;

	if (!limit && !text && !key && !all)
		return tg_reply_fail(TG_EXIT_USAGE,
				     "reset needs an ADDRESS, --key KEY, --limit L or --all");
	if (text && key)
		return tg_reply_fail(TG_EXIT_USAGE, "reset takes an ADDRESS or a --key, not both");
	if (text && !parse_address(text, &address))
		return bad_address(text);
	if (limit && !tg_config_find_limit(daemon->config, limit))
		return tg_reply_no_limit(daemon, limit);
	if (tg_datapath_reset(daemon->datapath, limit, text ? address.address : NULL, key, &count))
		return tg_reply_fail(TG_EXIT_FAILED, "the buckets cannot be reset");
	return tg_reply_done(json_pack("{s:I}", "reset", (json_int_t)count));
}

static json_t *do_detach(struct tg_daemon *daemon, const json_t *request)
{
	json_t *reply = tg_request_status(daemon, request);

	tg_daemon_stop(daemon, TG_ENDING_DETACH);
	return reply;
}

static json_t *do_version(struct tg_daemon *daemon, const json_t *request)
{
	return tg_reply_done(json_pack("{s:s}", "version", TG_VERSION));
}

/* `diff` reads any file with the daemon's rights, so it is not for everyone who may look. */
static const struct {
	const char *name;
	tg_request_function *handle;
	bool only_looks;
} commands[] = {
	{"status", tg_request_status, true},
	{"limits", tg_request_limits, true},
	{"top", do_top, true},
	{"why", do_why, true},
	{"cluster", do_cluster, true},
	{"events", do_events, true},
	{"set", tg_request_set, false},
	{"shadow", tg_request_shadow, false},
	{"reset", do_reset, false},
	{"reload", tg_request_reload, false},
	{"diff", tg_request_diff, false},
	{"apply", tg_request_apply, false},
	{"confirm", tg_request_confirm, false},
	{"rollback", tg_request_rollback, false},
	{"entries_add", tg_request_add_entries, false},
	{"entries_remove", tg_request_remove_entries, false},
	{"entries_list", tg_request_list_entries, true},
	{"detach", do_detach, false},
	{"version", do_version, true},
};

json_t *tg_request_handle(struct tg_daemon *daemon, const json_t *request, bool may_change)
{
	const char *name = tg_request_text(request, "command");
	size_t i;

	for (i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		if (!may_change && !commands[i].only_looks)
			return tg_reply_fail(
				TG_EXIT_REFUSED,
				"members of the daemon's group may look, and only root "
				"may %s; run it with sudo",
				name);
		return commands[i].handle(daemon, request);
	}
	return tg_reply_fail(TG_EXIT_USAGE, "the daemon knows no command \"%s\"", name ? name : "");
}
