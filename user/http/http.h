/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The HTTP listener: GET and HEAD of /metrics and /healthz; on a loopback address also of the
 * status page and of what it asks for, which show sources' addresses.
 */
#ifndef TG_HTTP_HTTP_H
#define TG_HTTP_HTTP_H

#include "http/api.h"

struct event_base;
struct tg_daemon;
struct tg_http;

/*
 * @address: HOST:PORT, an IPv6 host in brackets, or "none" (then *@http stays NULL).
 * @handle answers what the status page asks for. Returns 0 or -errno, logged.
 */
int tg_http_open(struct event_base *base, const char *address, tg_api_handler *handle,
		 struct tg_daemon *daemon, struct tg_http **http);

void tg_http_close(struct tg_http **http); /* NULL-safe */

#endif
