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
#include "daemon/reload.h"
#include "daemon/unconfirmed.h"
#include "datapath/datapath.h"
#include "daemon/history.h"
#include "base/log.h"
#include "base/errmsg.h"
#include "control/requests_change.h"
#include "control/requests_policy.h"
#include "control/server.h"
#include "control/requests_show.h"
#include "base/units.h"

/* A reload or a rollback that a client waits for. */
struct waiting {
	struct tg_daemon *daemon;
	struct tg_pending *pending;
};

/* Replies to @waiting, and frees it. */
static void reply_to(struct waiting *waiting, json_t *reply)
{
	tg_control_reply(waiting->pending, reply);
	free(waiting);
}

static struct waiting *wait_for(struct tg_daemon *daemon, struct tg_pending *pending)
{
	struct waiting *waiting = calloc(1, sizeof(*waiting));

	if (!waiting) {
		tg_control_reply(pending, NULL);
		return NULL;
	}
	waiting->daemon = daemon;
	waiting->pending = pending;
	return waiting;
}

static void on_reloaded(void *data, int error, const char *errmsg)
{
	struct waiting *waiting = data;

	reply_to(waiting, error == -EINVAL ? tg_reply_fail(TG_EXIT_INVALID, "%s", errmsg)
			  : error	   ? tg_reply_errno(error, errmsg)
					   : tg_request_status(waiting->daemon, NULL));
}

void tg_request_reload(struct tg_daemon *daemon, json_t *request, struct tg_pending *pending)
{
	struct waiting *waiting = wait_for(daemon, pending);

	if (waiting)
		tg_daemon_reload(daemon, on_reloaded, waiting);
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

/* A diff or an apply. */
struct file_change {
	struct tg_request_change request;
	const char *path;	/* in the request */
	struct tg_stats *stats; /* when it began; NULL: not known */
	json_t *result;
	uint64_t confirm; /* ns; 0: not asked for */
	uint32_t before;  /* the generation in force before it */
	bool noted;	  /* for a daemon that dies before it is confirmed */
	json_t *earlier;  /* what was noted before */
};

static const char *requested_path(const json_t *request)
{
	const char *path = tg_request_text(request, "file");

	return path && path[0] == '/' ? path : NULL;
}

static json_t *refuse_file(int error, const char *path, const char *said)
{
	json_t *reply;

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
	json_object_set_new(reply, "diagnostics", json_string(said ? said : ""));
	return reply;
}

/* In the worker: reads the file, and says what it would change. */
static int read_file(struct file_change *file, struct tg_config **config)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {};
	struct tg_change *change = &file->request.change;
	tg_autofree char *said = NULL;
	json_t *changes;
	int error;

	error = tg_config_load(file->path, config, &diagnostics);
	said = print_diagnostics(&diagnostics);
	if (error)
		return tg_request_change_refuse(change, refuse_file(error, file->path, said));
	changes = tg_config_diff(change->daemon->config, *config, live_buckets, file->stats);
	file->result = json_pack("{s:b, s:o, s:s}", "equal", json_array_size(changes) == 0,
				 "changes", changes, "diagnostics", said ? said : "");
	return 0;
}

static int begin_file(struct tg_change *change, char *errmsg)
{
	struct file_change *file = (struct file_change *)change;

	tg_datapath_stats(change->daemon->datapath, &file->stats);
	file->before = tg_datapath_generation(change->daemon->datapath);
	return 0;
}

static int work_diff(struct tg_change *change, char *errmsg)
{
	tg_cleanup(tg_config_free) struct tg_config *config = NULL;

	return read_file((struct file_change *)change, &config);
}

static void end_file(struct tg_change *change)
{
	struct file_change *file = (struct file_change *)change;

	tg_stats_free(&file->stats);
	if (change->error && file->noted)
		tg_unconfirmed_restore(change->daemon, json_incref(file->earlier));
	json_decref(file->earlier);
	if (change->error)
		json_decref(file->result);
	tg_request_change_end(change, change->error ? NULL : tg_reply_done(file->result));
}

static const struct tg_change_kind diff_kind = {
	.begin = begin_file, .work = work_diff, .end = end_file};

/* Returns NULL after a reply. */
static struct file_change *new_file_change(const struct tg_change_kind *kind,
					   struct tg_daemon *daemon, json_t *request,
					   struct tg_pending *pending)
{
	struct file_change *file;

	if (!requested_path(request)) {
		tg_control_reply(pending, tg_reply_fail(TG_EXIT_USAGE,
							"which file? its path must be absolute"));
		return NULL;
	}
	file = tg_request_change_new(sizeof(*file), kind, daemon, request, pending);
	if (file)
		file->path = requested_path(request);
	return file;
}

void tg_request_diff(struct tg_daemon *daemon, json_t *request, struct tg_pending *pending)
{
	struct file_change *file = new_file_change(&diff_kind, daemon, request, pending);

	if (file)
		tg_change_start(&file->request.change);
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

static int begin_apply(struct tg_change *change, char *errmsg)
{
	int error = tg_history_may_change(change->daemon, errmsg);

	return error ? error : begin_file(change, errmsg);
}

static int work_apply(struct tg_change *change, char *errmsg)
{
	return read_file((struct file_change *)change, &change->config);
}

/* Written before it comes into force, so that there is no moment without a way back. */
static int note_apply(struct tg_change *change, char *errmsg)
{
	struct file_change *file = (struct file_change *)change;
	int error;

	if (!file->confirm)
		return 0;
	error = tg_unconfirmed_write(change->daemon, change->config, file->confirm, &file->earlier,
				     errmsg);
	file->noted = !error;
	return error;
}

static void on_applied(struct tg_change *change)
{
	struct file_change *file = (struct file_change *)change;
	struct tg_daemon *daemon = change->daemon;
	uint32_t generation = tg_datapath_generation(daemon->datapath);

	if (file->confirm)
		tg_history_expect(daemon, file->confirm, file->before);
	else
		tg_unconfirmed_settle(daemon);
	tg_log(TG_LOG_INFO, "%s applied as generation %u%s", daemon->config->path, generation,
	       file->confirm ? ", until it is confirmed" : "");
	json_object_set_new(file->result, "generation", json_integer(generation));
	json_object_set_new(file->result, "confirm_ms", json_integer(file->confirm / NS_PER_MS));
	json_object_set_new(file->result, "config", json_string(daemon->config_path));
}

static const struct tg_change_kind apply_kind = {.begin = begin_apply,
						 .work = work_apply,
						 .ready = note_apply,
						 .committed = on_applied,
						 .end = end_file};

void tg_request_apply(struct tg_daemon *daemon, json_t *request, struct tg_pending *pending)
{
	struct file_change *file;
	uint64_t confirm;

	if (!read_confirm(request, &confirm)) {
		tg_control_reply(
			pending,
			tg_reply_fail(TG_EXIT_USAGE,
				      "--confirm \"%s\" is not a time from 1s to 24h; write it as "
				      "60s or 5m",
				      tg_request_text(request, "confirm")));
		return;
	}
	file = new_file_change(&apply_kind, daemon, request, pending);
	if (!file)
		return;
	file->confirm = confirm;
	tg_change_start(&file->request.change);
}

json_t *tg_request_confirm(struct tg_daemon *daemon, const json_t *request)
{
	if (tg_history_confirm(daemon))
		return tg_reply_fail(TG_EXIT_NOT_FOUND, "no change waits to be confirmed");
	tg_unconfirmed_settle(daemon);
	tg_log(TG_LOG_INFO, "generation %u is confirmed", tg_datapath_generation(daemon->datapath));
	return tg_request_status(daemon, request);
}

static void on_rolled_back(void *data, int error, const char *errmsg)
{
	struct waiting *waiting = data;

	if (error) {
		reply_to(waiting, tg_reply_errno(error, errmsg));
		return;
	}
	tg_log(TG_LOG_INFO, "rolled back to the policy before, as generation %u",
	       tg_datapath_generation(waiting->daemon->datapath));
	reply_to(waiting, tg_request_status(waiting->daemon, NULL));
}

void tg_request_rollback(struct tg_daemon *daemon, json_t *request, struct tg_pending *pending)
{
	struct waiting *waiting = wait_for(daemon, pending);

	if (waiting)
		tg_history_rollback(daemon, on_rolled_back, waiting);
}

json_t *tg_request_detach(struct tg_daemon *daemon, const json_t *request)
{
	json_t *reply = tg_request_status(daemon, request);

	json_object_set_new(json_object_get(reply, "result"), "state",
			    json_string(daemon->state_dir));
	tg_daemon_stop(daemon, TG_ENDING_DETACH);
	return reply;
}
