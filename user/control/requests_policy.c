// SPDX-License-Identifier: GPL-2.0-or-later
/* Changes the policy as a whole: reload, diff, apply, confirm, rollback, detach. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/exit.h"
#include "config/config.h"
#include "explain/diff.h"
#include "config/load.h"
#include "daemon/daemon.h"
#include "daemon/lifecycle.h"
#include "datapath/datapath.h"
#include "daemon/history.h"
#include "base/log.h"
#include "base/errmsg.h"
#include "control/requests_policy.h"
#include "control/requests_show.h"
#include "base/units.h"

json_t *tg_request_reload(struct tg_daemon *daemon, const json_t *request)
{
	char errmsg[TG_ERRMSG_SIZE] = "";
	int error = tg_daemon_reload(daemon, errmsg);

	if (error == -EINVAL)
		return tg_reply_fail(TG_EXIT_INVALID, "%s", errmsg);
	if (error)
		return tg_reply_errno(error, errmsg);
	return tg_request_status(daemon, request);
}

static uint64_t live_buckets(const void *data, const char *limit)
{
	const struct tg_stats *stats = data;
	size_t i;

	for (i = 0; stats && i < stats->limits_n; i++)
		if (strcmp(stats->limits[i].name, limit) == 0)
			return stats->limits[i].buckets;
	return 0;
}

static json_t *changes_to(struct tg_daemon *daemon, const struct tg_config *config)
{
	tg_cleanup(tg_stats_free) struct tg_stats *stats = NULL;

	tg_datapath_stats(daemon->datapath, &stats);
	return tg_config_diff(daemon->config, config, live_buckets, stats);
}

/* Returns the diagnostics as text for the client to print, which the caller frees. NULL when out of
 * memory. */
static char *print_diagnostics(struct tg_diagnostics *diagnostics)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	tg_diagnostics_print(diagnostics, out);
	fclose(out);
	return text;
}

/*
 * Reads the file that the request names into *@config. Its diagnostics go to *@said, which may be
 * NULL. Returns NULL, or the reply of a failure. The caller frees both.
 */
static json_t *load_file(const json_t *request, struct tg_config **config, char **said)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {};
	const char *path = tg_request_text(request, "file");
	json_t *reply;
	int error;

	if (!path || path[0] != '/')
		return tg_reply_fail(TG_EXIT_USAGE, "which file? its path must be absolute");
	error = tg_config_load(path, config, &diagnostics);
	*said = print_diagnostics(&diagnostics);
	if (!error)
		return NULL;
	if (error == -EINVAL)
		reply = tg_reply_fail(TG_EXIT_INVALID,
				      "%s is not valid, and the policy in force stays", path);
	else if (error == -EPERM)
		reply = tg_reply_fail(TG_EXIT_REFUSED,
				      "%s is refused, because others could change it or a file "
				      "that it names; the policy in force stays",
				      path);
	else
		reply = tg_reply_fail(
			TG_EXIT_FAILED,
			"the daemon cannot read %s: %s; it must be able to, as its own "
			"user and in its own view of the file system",
			path, strerror(-error));
	json_object_set_new(reply, "diagnostics", json_string(*said ? *said : ""));
	return reply;
}

static json_t *describe_changes(struct tg_daemon *daemon, const struct tg_config *config,
				const char *said)
{
	json_t *changes = changes_to(daemon, config);

	return json_pack("{s:b, s:o, s:s}", "equal", json_array_size(changes) == 0, "changes",
			 changes, "diagnostics", said ? said : "");
}

json_t *tg_request_diff(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_config_free) struct tg_config *config = NULL;
	tg_autofree char *said = NULL;
	json_t *reply = load_file(request, &config, &said);

	return reply ? reply : tg_reply_done(describe_changes(daemon, config, said));
}

#define CONFIRM_MIN_NS NS_PER_S
#define CONFIRM_MAX_NS (86400 * CONFIRM_MIN_NS)

/* Reads "confirm" into ns, 0 if it is absent. False if it is no duration, or out of range. */
static bool read_confirm(const json_t *request, uint64_t *confirm)
{
	const char *text = tg_request_text(request, "confirm");

	*confirm = 0;
	return !text || (tg_parse_duration(text, confirm) == 0 && *confirm >= CONFIRM_MIN_NS &&
			 *confirm <= CONFIRM_MAX_NS);
}

json_t *tg_request_apply(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_config_free) struct tg_config *config = NULL;
	uint32_t before = tg_datapath_generation(daemon->datapath);
	char errmsg[TG_ERRMSG_SIZE] = "";
	tg_autofree char *said = NULL;
	json_t *reply, *result;
	uint64_t confirm;
	int error;

	if (!read_confirm(request, &confirm))
		return tg_reply_fail(TG_EXIT_USAGE,
				     "--confirm \"%s\" is not a time from 1s to 24h; write it as "
				     "60s or 5m",
				     tg_request_text(request, "confirm"));
	reply = load_file(request, &config, &said);
	if (reply)
		return reply;
	result = describe_changes(daemon, config, said);
	error = tg_history_change(daemon, &config, errmsg);
	if (error) {
		json_decref(result);
		return tg_reply_errno(error, errmsg);
	}
	if (confirm)
		tg_history_expect(daemon, confirm, before);
	tg_log(TG_LOG_INFO, "%s applied as generation %u%s", daemon->config->path,
	       tg_datapath_generation(daemon->datapath), confirm ? ", until it is confirmed" : "");
	json_object_set_new(result, "generation",
			    json_integer(tg_datapath_generation(daemon->datapath)));
	json_object_set_new(result, "confirm_ms", json_integer(confirm / 1000000));
	json_object_set_new(result, "config", json_string(daemon->config_path));
	return tg_reply_done(result);
}

json_t *tg_request_confirm(struct tg_daemon *daemon, const json_t *request)
{
	if (tg_history_confirm(daemon))
		return tg_reply_fail(TG_EXIT_NOT_FOUND, "no change waits to be confirmed");
	tg_log(TG_LOG_INFO, "generation %u is confirmed", tg_datapath_generation(daemon->datapath));
	return tg_request_status(daemon, request);
}

json_t *tg_request_rollback(struct tg_daemon *daemon, const json_t *request)
{
	char errmsg[TG_ERRMSG_SIZE] = "";
	int error = tg_history_rollback(daemon, errmsg);

	if (error)
		return tg_reply_errno(error, errmsg);
	tg_log(TG_LOG_INFO, "rolled back to the policy before, as generation %u",
	       tg_datapath_generation(daemon->datapath));
	return tg_request_status(daemon, request);
}

json_t *tg_request_detach(struct tg_daemon *daemon, const json_t *request)
{
	json_t *reply = tg_request_status(daemon, request);

	tg_daemon_stop(daemon, TG_ENDING_DETACH);
	return reply;
}
