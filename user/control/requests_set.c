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
#include "control/requests_set.h"
#include "control/requests_show.h"

#define SETTINGS_MAX TG_CONFIG_LIMITS_MAX

/* Saves settings that are in force already. Returns NULL, or the reply of a failure. */
static json_t *save(struct tg_daemon *daemon, const struct tg_setting *settings, size_t n)
{
	char errmsg[TG_ERRMSG_SIZE];

	if (tg_config_save(daemon->config_path, settings, n, daemon->config, errmsg))
		return tg_reply_fail(TG_EXIT_FAILED, "in force, but not saved: %s", errmsg);
	tg_log(TG_LOG_INFO, "%s: saved in %s", settings[0].limit, daemon->config_path);
	return NULL;
}

/* Adds to the reply whether the file, which the next start reads, has the values. */
static json_t *finish(const struct tg_daemon *daemon, const json_t *request, json_t *reply)
{
	json_t *result = json_object_get(reply, "result");

	json_object_set_new(result, "saved",
			    json_boolean(json_is_true(json_object_get(request, "save"))));
	json_object_set_new(result, "config", json_string(daemon->config_path));
	return reply;
}

/* Puts *@config in force, unless it is NULL, and saves if the request says so. Returns NULL, or the
 * reply of a failure. */
static json_t *change(struct tg_daemon *daemon, const json_t *request, struct tg_config **config,
		      const struct tg_setting *settings, size_t n)
{
	char errmsg[TG_ERRMSG_SIZE] = "";
	int error = *config ? tg_history_change(daemon, config, errmsg) : 0;

	if (error)
		return tg_reply_errno(error, errmsg);
	return json_is_true(json_object_get(request, "save")) ? save(daemon, settings, n) : NULL;
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

json_t *tg_request_set(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_config_free) struct tg_config *config = tg_config_copy(daemon->config);
	const json_t *values = json_object_get(request, "values");
	const char *name = tg_request_text(request, "limit");
	struct tg_setting settings[SETTINGS_MAX];
	char errmsg[TG_ERRMSG_SIZE] = "";
	struct tg_config_limit *limit;
	json_t *reply;
	int n;

	if (!config)
		return NULL;
	if (!name || !json_is_object(values) || !json_object_size(values))
		return tg_reply_fail(TG_EXIT_USAGE, "set needs a limit and at least one KEY=VALUE");
	limit = tg_config_edit_limit(config, name);
	if (!limit)
		return tg_reply_no_limit(daemon, name);
	n = read_settings(name, values, settings, errmsg, sizeof(errmsg));
	if (n < 0 || tg_config_set(limit, settings, n, errmsg, sizeof(errmsg)))
		return tg_reply_fail(TG_EXIT_USAGE, "%s", errmsg);
	reply = change(daemon, request, &config, settings, n);
	return reply ? reply : finish(daemon, request, tg_request_limits(daemon, request));
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
json_t *tg_request_shadow(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_config_free) struct tg_config *config = tg_config_copy(daemon->config);
	const json_t *names = json_object_get(request, "limits"), *name;
	bool on = json_is_true(json_object_get(request, "on")), changed = false;
	struct tg_setting settings[SETTINGS_MAX];
	struct tg_config_limit *limit;
	size_t i, n = 0;
	json_t *reply;

	if (!config)
		return NULL;
	json_array_foreach(names, i, name)
	{
		limit = json_is_string(name) ? tg_config_edit_limit(config, json_string_value(name))
					     : NULL;
		if (!limit)
			return tg_reply_no_limit(daemon, json_string_value(name));
		changed |= limit->shadow != on;
		limit->shadow = on;
		if (!is_among(settings, n, limit->name))
			settings[n++] = (struct tg_setting){json_string_value(name), "shadow",
							    on ? "true" : "false"};
	}
	if (!n)
		return tg_reply_fail(TG_EXIT_USAGE, "shadow needs on or off, and a limit");
	if (!changed)
		tg_config_free(&config);
	reply = change(daemon, request, &config, settings, n);
	return reply ? reply : finish(daemon, request, shadow_reply(daemon, settings, n));
}

json_t *tg_request_reset(struct tg_daemon *daemon, const json_t *request)
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
	if (text && !tg_request_parse_address(text, &address))
		return tg_reply_bad_address(text);
	if (limit && !tg_config_find_limit(daemon->config, limit))
		return tg_reply_no_limit(daemon, limit);
	if (tg_datapath_reset(daemon->datapath, limit, text ? address.address : NULL, key, &count))
		return tg_reply_fail(TG_EXIT_FAILED, "the buckets cannot be reset");
	return tg_reply_done(json_pack("{s:I}", "reset", (json_int_t)count));
}
