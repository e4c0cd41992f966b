// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "commands.h"
#include "config.h"
#include "daemon.h"
#include "datapath.h"
#include "message.h"
#include "report.h"
#include "requests.h"
#include "top.h"

static json_t *fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

static json_t *fail(int code, const char *format, ...)
{
	char text[TG_MESSAGE_SIZE];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	return json_pack("{s:i, s:s}", "code", code, "error", text);
}

static json_t *done(json_t *result)
{
	return json_pack("{s:i, s:o}", "code", TG_EXIT_OK, "result", result);
}

static json_t *fail_errno(int error, const char *message)
{
	switch (-error) {
	case EPERM:
	case EBUSY:
		return fail(TG_EXIT_REFUSED, "%s", message);
	case ENODEV:
		return fail(TG_EXIT_NOT_FOUND, "%s", message);
	}
	return fail(TG_EXIT_FAILED, "%s", message);
}

static json_t *no_such_limit(const struct tg_daemon *daemon, const char *name)
{
	char known[512] = "";
	size_t i, length = 0;

	for (i = 0; i < daemon->config->limits_n && length < sizeof(known); i++)
		length += snprintf(known + length, sizeof(known) - length, "%s%s", i ? ", " : "",
				   daemon->config->limits[i].name);
	return fail(TG_EXIT_NOT_FOUND, "no limit is named \"%s\"; there %s: %s", name,
		    daemon->config->limits_n == 1 ? "is" : "are", length ? known : "none");
}

static const char *text_of(const json_t *request, const char *key)
{
	return json_string_value(json_object_get(request, key));
}

static json_t *do_status(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_stats_free) struct tg_stats *stats = NULL;

	if (tg_datapath_stats(daemon->datapath, &stats))
		return fail(TG_EXIT_FAILED, "the counters cannot be read");
	return done(tg_report_status(stats, daemon));
}

static json_t *do_limits(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_stats_free) struct tg_stats *stats = NULL;
	const char *name = text_of(request, "limit");

	if (name && !tg_config_find_limit(daemon->config, name))
		return no_such_limit(daemon, name);
	if (tg_datapath_stats(daemon->datapath, &stats))
		return fail(TG_EXIT_FAILED, "the counters cannot be read");
	return done(tg_report_limits(stats, name));
}

static json_t *do_top(struct tg_daemon *daemon, const json_t *request)
{
	const char *limit = text_of(request, "limit"), *by = text_of(request, "by");
	json_int_t n = json_integer_value(json_object_get(request, "n"));
	json_t *result = NULL;

	if (limit && !tg_config_find_limit(daemon->config, limit))
		return no_such_limit(daemon, limit);
	if (by && strcmp(by, "exceeded") != 0 && strcmp(by, "admitted") != 0)
		return fail(TG_EXIT_USAGE, "--by is exceeded or admitted, not \"%s\"", by);
	if (n < 0 || n > TG_TOP_MAX)
		return fail(TG_EXIT_USAGE, "-n is 1 to %d", TG_TOP_MAX);
	if (tg_top(daemon->datapath, limit, by && strcmp(by, "admitted") == 0, n ? n : 20, &result))
		return fail(TG_EXIT_FAILED, "the bucket table cannot be read");
	return done(result);
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
	return fail(TG_EXIT_USAGE, "\"%s\" is not an address; write it as 192.0.2.9 or 2001:db8::9",
		    text ? text : "");
}

static json_t *do_why(struct tg_daemon *daemon, const json_t *request)
{
	struct tg_bucket_view views[TG_CONFIG_LIMITS_MAX];
	const char *text = text_of(request, "address");
	struct tg_prefix address;
	enum tg_list list;
	size_t n;

	if (!parse_address(text, &address))
		return bad_address(text);
	if (tg_datapath_why(daemon->datapath, address.address, views, &n, &list))
		return fail(TG_EXIT_FAILED, "the bucket table cannot be read");
	return done(tg_report_why(&address, views, n, list));
}

static int set_values(struct tg_config_limit *limit, const json_t *values, char *why, size_t size)
{
	struct tg_refill_change change = {.refill = limit->refill};
	const char *key;
	json_t *value;
	int error;

	json_object_foreach((json_t *)values, key, value)
	{
		if (!json_is_string(value)) {
			snprintf(why, size, "%s: the value must be text", key);
			return -EINVAL;
		}
		error = tg_config_set_refill(&change, limit->unit, key, json_string_value(value),
					     why, size);
		if (error)
			return error;
	}
	error = tg_config_check_refill(&change, why, size);
	if (!error)
		limit->refill = change.refill;
	return error;
}

static json_t *do_set(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_config_free) struct tg_config *config = tg_config_copy(daemon->config);
	const json_t *values = json_object_get(request, "values");
	const char *name = text_of(request, "limit");
	char message[TG_MESSAGE_SIZE] = "";
	struct tg_config_limit *limit;
	int error;

	if (!config)
		return NULL;
	if (!name || !json_is_object(values) || !json_object_size(values))
		return fail(TG_EXIT_USAGE, "set needs a limit and at least one KEY=VALUE");
	limit = tg_config_find_limit(config, name);
	if (!limit)
		return no_such_limit(daemon, name);
	if (set_values(limit, values, message, sizeof(message)))
		return fail(TG_EXIT_USAGE, "%s", message);
	error = tg_daemon_change(daemon, &config, message);
	if (error)
		return fail_errno(error, message);
	return do_limits(daemon, request);
}

static json_t *do_reset(struct tg_daemon *daemon, const json_t *request)
{
	const char *limit = text_of(request, "limit"), *text = text_of(request, "address");
	bool all = json_is_true(json_object_get(request, "all"));
	struct tg_prefix address;
	uint32_t count = 0;

	if (!limit && !text && !all)
		return fail(TG_EXIT_USAGE, "reset needs an ADDRESS, --limit L or --all");
	if (text && !parse_address(text, &address))
		return bad_address(text);
	if (limit && !tg_config_find_limit(daemon->config, limit))
		return no_such_limit(daemon, limit);
	if (tg_datapath_reset(daemon->datapath, limit, text ? address.address : NULL, &count))
		return fail(TG_EXIT_FAILED, "the buckets cannot be reset");
	return done(json_pack("{s:I}", "reset", (json_int_t)count));
}

static json_t *do_reload(struct tg_daemon *daemon, const json_t *request)
{
	char message[TG_MESSAGE_SIZE] = "";
	int error = tg_daemon_reload(daemon, message);

	if (error == -EINVAL)
		return fail(TG_EXIT_INVALID, "%s", message);
	if (error)
		return fail_errno(error, message);
	return do_status(daemon, request);
}

static json_t *do_detach(struct tg_daemon *daemon, const json_t *request)
{
	json_t *reply = do_status(daemon, request);

	tg_daemon_stop(daemon, false);
	return reply;
}

static json_t *do_version(struct tg_daemon *daemon, const json_t *request)
{
	return done(json_pack("{s:s}", "version", TG_VERSION));
}

static const struct {
	const char *name;
	json_t *(*handle)(struct tg_daemon *daemon, const json_t *request);
} commands[] = {
	{"status", do_status}, {"limits", do_limits}, {"top", do_top},
	{"why", do_why},       {"set", do_set},	      {"reset", do_reset},
	{"reload", do_reload}, {"detach", do_detach}, {"version", do_version},
};

json_t *tg_request_handle(struct tg_daemon *daemon, const json_t *request)
{
	const char *name = text_of(request, "command");
	size_t i;

	for (i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			return commands[i].handle(daemon, request);
	return fail(TG_EXIT_USAGE, "the daemon knows no command \"%s\"", name ? name : "");
}
