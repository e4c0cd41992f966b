/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes lines of the Prometheus text format. */
#ifndef TG_HTTP_EXPOSITION_H
#define TG_HTTP_EXPOSITION_H

#include <stdbool.h>

#include "config/config.h"

struct evbuffer;

/* Where lines go. A failure is kept, so that only the end has to look for one. */
struct tg_metrics {
	struct evbuffer *out; /* borrowed */
	bool failed;	      /* out of memory */
};

/* A label's value, escaped. */
struct tg_metrics_label {
	char text[2 * TG_CONFIG_NAME_SIZE];
};

/* Escapes the name of an interface or a node; cuts off what does not fit. Names of limits need no
 * escape, because the configuration allows no character that does. */
struct tg_metrics_label tg_metrics_write_label(const char *name);

/* Appends text as printf(3) does. Sets @metrics->failed when out of memory. */
void tg_metrics_add(struct tg_metrics *metrics, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Begins a family of metrics with its HELP and TYPE; @type is "counter" or "gauge". */
void tg_metrics_head(struct tg_metrics *metrics, const char *name, const char *type,
		     const char *help);

#endif
