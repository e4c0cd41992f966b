/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serves HTTP: GET and HEAD of /metrics and /healthz. On a loopback address it serves the status
 * page and its API as well, because these show addresses of sources.
 */
#ifndef TG_HTTP_HTTP_H
#define TG_HTTP_HTTP_H

#include "http/api.h"

struct event_base;
struct tg_daemon;
struct tg_http;

/*
 * Listens on @address: HOST:PORT, an IPv6 host in brackets; unix:PATH, where only /metrics and
 * /healthz are served; or "none", where nothing is done.
 * @handle answers what the status page asks for. Returns 0 with *@http, which the caller closes
 * before it frees @base; or -errno, logged: -EINVAL if @address is none of them. @daemon must
 * outlive *@http.
 */
int tg_http_open(struct event_base *base, const char *address, tg_api_handler *handle,
		 struct tg_daemon *daemon, struct tg_http **http);

/* Closes all connections and sets *@http to NULL. NULL-safe. */
void tg_http_close(struct tg_http **http);

#endif
