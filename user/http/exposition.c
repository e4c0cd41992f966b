// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes lines of the Prometheus text format, version 0.0.4. */
#include "http/exposition.h"

#include <event2/buffer.h>
#include <stdarg.h>

struct tg_metrics_label tg_metrics_write_label(const char *name)
{
	struct tg_metrics_label label = {};
	size_t at = 0;

	for (; *name && at < sizeof(label.text) - 2; name++) {
		if (*name == '"' || *name == '\\' || *name == '\n')
			label.text[at++] = '\\';
		label.text[at++] = *name == '\n' ? 'n' : *name;
	}
	return label;
}

void tg_metrics_add(struct tg_metrics *metrics, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	if (evbuffer_add_vprintf(metrics->out, format, arguments) < 0)
		metrics->failed = true;
	va_end(arguments);
}

void tg_metrics_head(struct tg_metrics *metrics, const char *name, const char *type,
		     const char *help)
{
	tg_metrics_add(metrics, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}
