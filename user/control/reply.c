// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes replies of the control socket: a code with a result or a sentence. */
#include "control/reply.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "config/config.h"
#include "daemon/daemon.h"
#include "base/exit.h"
#include "base/errmsg.h"
#include "base/prefix.h"

json_t *tg_reply_fail(int code, const char *format, ...)
{
	char text[TG_ERRMSG_SIZE];
	va_list arguments;

	va_start(arguments, format);
	tg_error_format(text, format, arguments);
	va_end(arguments);
	return json_pack("{s:i, s:s}", "code", code, "error", text);
}

json_t *tg_reply_done(json_t *result)
{
	return json_pack("{s:i, s:o}", "code", TG_EXIT_OK, "result", result);
}

json_t *tg_reply_errno(int error, const char *errmsg)
{
	switch (-error) {
	case EPERM:
	case EACCES:
	case EBUSY:
		return tg_reply_fail(TG_EXIT_REFUSED, "%s", errmsg);
	case ENODEV:
	case ENOENT:
		return tg_reply_fail(TG_EXIT_NOT_FOUND, "%s", errmsg);
	}
	return tg_reply_fail(TG_EXIT_FAILED, "%s", errmsg);
}

json_t *tg_reply_no_limit(const struct tg_daemon *daemon, const char *name)
{
	char known[512] = "";
	size_t i, length = 0;

	for (i = 0; i < daemon->config->limits_n && length < sizeof(known); i++)
		length += snprintf(known + length, sizeof(known) - length, "%s%s", i ? ", " : "",
				   daemon->config->limits[i].name);
	return tg_reply_fail(TG_EXIT_NOT_FOUND, "no limit is named \"%s\"; there %s: %s", name,
			     daemon->config->limits_n == 1 ? "is" : "are", length ? known : "none");
}

const char *tg_request_text(const json_t *request, const char *key)
{
	return json_string_value(json_object_get(request, key));
}

bool tg_request_parse_address(const char *text, struct tg_prefix *address)
{
	char why[256];

	return text && tg_prefix_parse(text, address, why, sizeof(why)) == 0 &&
	       address->length == 128;
}

json_t *tg_reply_bad_address(const char *text)
{
	return tg_reply_fail(TG_EXIT_USAGE,
			     "\"%s\" is not an address; write it as 192.0.2.9 or 2001:db8::9",
			     text ? text : "");
}
