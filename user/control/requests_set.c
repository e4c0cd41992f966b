// SPDX-License-Identifier: GPL-2.0-or-later
/* Changes limits one by one: set, shadow and reset. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/exit.h"
#include "control/save.h"
#include "daemon/daemon.h"
#include "datapath/datapath.h"
#include "daemon/history.h"
#include "base/log.h"
#include "base/errmsg.h"
#include "base/prefix.h"
#include "control/requests_change.h"
#include "control/requests_set.h"
#include "control/requests_show.h"

#define SETTINGS_MAX TG_CONFIG_LIMITS_MAX

/* A set or a shadow. The settings' texts are the request's. */
struct setting_change {
	struct tg_request_change request;
	struct tg_setting settings[SETTINGS_MAX];
	size_t n;
	int save_error;
	char why[TG_ERRMSG_SIZE];
};

static bool saves(const struct setting_change *setting)
{
	return json_is_true(json_object_get(setting->request.request, "save"));
}

/* In the worker, once the settings are in force. */
static void save(struct tg_change *change)
{
	struct setting_change *setting = (struct setting_change *)change;
	const struct tg_daemon *daemon = change->daemon;

	if (!saves(setting))
		return;
	setting->save_error = tg_config_save(daemon->config_path, setting->settings, setting->n,
					     daemon->config, setting->why);
	if (!setting->save_error)
		tg_log(TG_LOG_INFO, "%s: saved in %s", setting->settings[0].limit,
		       daemon->config_path);
}

/* Replies by @reply, whose reference it takes, and whether the file, which the next start reads,
 * has the values. */
static void finish(struct tg_change *change, json_t *reply)
{
	struct setting_change *setting = (struct setting_change *)change;
	json_t *result = json_object_get(reply, "result");

	if (setting->save_error) {
		json_decref(reply);
		reply = tg_reply_fail(TG_EXIT_FAILED, "in force, but not saved: %s", setting->why);
	} else {
		json_object_set_new(result, "saved", json_boolean(saves(setting)));
		json_object_set_new(result, "config", json_string(change->daemon->config_path));
	}
	tg_request_change_end(change, reply);
}

static void start(const struct tg_change_kind *kind, struct tg_daemon *daemon, json_t *request,
		  struct tg_pending *pending)
{
	struct setting_change *setting =
		tg_request_change_new(sizeof(*setting), kind, daemon, request, pending);

	if (setting)
		tg_change_start(&setting->request.change);
}

/* Returns the number of settings, or -EINVAL with a sentence in @why. */
static int read_settings(const char *limit, const json_t *values, struct tg_setting *settings,
			 char *why, size_t size)
{
	const char *key;
	json_t *value;
	int n = 0;

	json_object_foreach((json_t *)values, key, value)
	{
		if (!json_is_string(value) || n == SETTINGS_MAX) {
			snprintf(why, size, "%s: the value must be text", key);
			return -EINVAL;
		}
		settings[n++] = (struct tg_setting){limit, key, json_string_value(value)};
	}
	return n;
}

static int begin_set(struct tg_change *change, char *errmsg)
{
	struct setting_change *setting = (struct setting_change *)change;
	const json_t *request = setting->request.request,
		     *values = json_object_get(request, "values");
	const char *name = tg_request_text(request, "limit");
	struct tg_config_limit *limit;
	int n;

	if (!name || !json_is_object(values) || !json_object_size(values))
		return tg_request_change_refuse(
			change, tg_reply_fail(TG_EXIT_USAGE,
					      "set needs a limit and at least one KEY=VALUE"));
	change->config = tg_config_copy(change->daemon->config);
	if (!change->config)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	limit = tg_config_edit_limit(change->config, name);
	if (!limit)
		return tg_request_change_refuse(change, tg_reply_no_limit(change->daemon, name));
	n = read_settings(name, values, setting->settings, setting->why, sizeof(setting->why));
	if (n < 0 || tg_config_set(limit, setting->settings, n, setting->why, sizeof(setting->why)))
		return tg_request_change_refuse(change,
						tg_reply_fail(TG_EXIT_USAGE, "%s", setting->why));
	setting->n = n;
	return tg_history_may_change(change->daemon, errmsg);
}

static void end_set(struct tg_change *change)
{
	const struct setting_change *setting = (struct setting_change *)change;

	if (change->error)
		tg_request_change_end(change, NULL);
	else
		finish(change, tg_request_limits(change->daemon, setting->request.request));
}

static const struct tg_change_kind set_kind = {
	.begin = begin_set, .finished = save, .end = end_set};

void tg_request_set(struct tg_daemon *daemon, json_t *request, struct tg_pending *pending)
{
	start(&set_kind, daemon, request, pending);
}

static json_t *shadow_reply(struct tg_daemon *daemon, const struct tg_setting *settings, size_t n)
{
	json_t *limits = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(
			limits,
			json_pack("{s:s, s:b}", "name", settings[i].limit, "shadow",
				  tg_config_find_limit(daemon->config, settings[i].limit)->shadow));
	return tg_reply_done(json_pack("{s:I, s:o}", "generation",
				       (json_int_t)tg_datapath_generation(daemon->datapath),
				       "limits", limits));
}

static bool is_among(const struct tg_setting *settings, size_t n, const char *limit)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (strcmp(settings[i].limit, limit) == 0)
			return true;
	return false;
}

/* Changes all limits in one step, as one generation. */
static int begin_shadow(struct tg_change *change, char *errmsg)
{
	struct setting_change *setting = (struct setting_change *)change;
	const json_t *request = setting->request.request,
		     *names = json_object_get(request, "limits"), *name;
	bool on = json_is_true(json_object_get(request, "on")), changed = false;
	struct tg_config_limit *limit;
	size_t i;

	change->config = tg_config_copy(change->daemon->config);
	if (!change->config)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	json_array_foreach(names, i, name)
	{
		limit = json_is_string(name)
				? tg_config_edit_limit(change->config, json_string_value(name))
				: NULL;
		if (!limit)
			return tg_request_change_refuse(
				change, tg_reply_no_limit(change->daemon, json_string_value(name)));
		changed |= limit->shadow != on;
		limit->shadow = on;
		if (!is_among(setting->settings, setting->n, limit->name))
			setting->settings[setting->n++] = (struct tg_setting){
				json_string_value(name), "shadow", on ? "true" : "false"};
	}
	if (!setting->n)
		return tg_request_change_refuse(
			change,
			tg_reply_fail(TG_EXIT_USAGE, "shadow needs on or off, and a limit"));
	if (changed)
		return tg_history_may_change(change->daemon, errmsg);
	tg_config_free(&change->config);
	return 0;
}

static void end_shadow(struct tg_change *change)
{
	const struct setting_change *setting = (struct setting_change *)change;

	if (change->error)
		tg_request_change_end(change, NULL);
	else
		finish(change, shadow_reply(change->daemon, setting->settings, setting->n));
}

static const struct tg_change_kind shadow_kind = {
	.begin = begin_shadow, .finished = save, .end = end_shadow};

void tg_request_shadow(struct tg_daemon *daemon, json_t *request, struct tg_pending *pending)
{
	start(&shadow_kind, daemon, request, pending);
}

/* Not a change of the policy, but its sweep takes as long as one, and reads what one changes. */
struct reset {
	struct tg_request_change request;
	const char *limit, *key; /* in the request; NULL: any */
	struct tg_prefix address;
	bool by_address;
	uint32_t count;
};

static int begin_reset(struct tg_change *change, char *errmsg)
{
	struct reset *reset = (struct reset *)change;
	const json_t *request = reset->request.request;
	const char *text = tg_request_text(request, "address");
	json_t *refusal = NULL;

	reset->limit = tg_request_text(request, "limit");
	reset->key = tg_request_text(request, "key");
	reset->by_address = text != NULL;
	if (!reset->limit && !text && !reset->key && !json_is_true(json_object_get(request, "all")))
		refusal = tg_reply_fail(TG_EXIT_USAGE,
					"reset needs an ADDRESS, --key KEY, --limit L or --all");
	else if (text && reset->key)
		refusal =
			tg_reply_fail(TG_EXIT_USAGE, "reset takes an ADDRESS or a --key, not both");
	else if (text && !tg_request_parse_address(text, &reset->address))
		refusal = tg_reply_bad_address(text);
	else if (reset->limit && !tg_config_find_limit(change->daemon->config, reset->limit))
		refusal = tg_reply_no_limit(change->daemon, reset->limit);
	return refusal ? tg_request_change_refuse(change, refusal) : 0;
}

static int work_reset(struct tg_change *change, char *errmsg)
{
	struct reset *reset = (struct reset *)change;
	int error = tg_datapath_reset(change->daemon->datapath, reset->limit,
				      reset->by_address ? reset->address.address : NULL, reset->key,
				      &reset->count);

	return error ? tg_error_set(errmsg, EIO, "the buckets cannot be reset") : 0;
}

static void end_reset(struct tg_change *change)
{
	const struct reset *reset = (struct reset *)change;
	json_t *result = json_pack("{s:I}", "reset", (json_int_t)reset->count);

	tg_request_change_end(change, tg_reply_done(result));
}

static const struct tg_change_kind reset_kind = {
	.begin = begin_reset, .work = work_reset, .end = end_reset};

void tg_request_reset(struct tg_daemon *daemon, json_t *request, struct tg_pending *pending)
{
	struct reset *reset =
		tg_request_change_new(sizeof(*reset), &reset_kind, daemon, request, pending);

	if (reset)
		tg_change_start(&reset->request.change);
}
