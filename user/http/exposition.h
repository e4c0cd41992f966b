/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes lines of the Prometheus text format. */
#ifndef TG_HTTP_EXPOSITION_H
#define TG_HTTP_EXPOSITION_H

#include <stdbool.h>

#include "config/config.h"

struct evbuffer;

struct tg_metrics {
	struct evbuffer *out;
	bool failed;
};

/* A label's value, escaped: the name of an interface or a node. Limits' names need none: they are
 * validated. */
struct tg_metrics_label {
	char text[2 * TG_CONFIG_NAME_SIZE];
};

struct tg_metrics_label tg_metrics_write_label(const char *name);

void tg_metrics_add(struct tg_metrics *metrics, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* What begins a family: @type is "counter" or "gauge". */
void tg_metrics_head(struct tg_metrics *metrics, const char *name, const char *type,
		     const char *help);

#endif
