/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bounds the connections of an HTTP server, which libevent does not, so that they leave descriptors
 * for a change of policy and for the control socket. */
#ifndef TG_HTTP_CONN_LIMIT_H
#define TG_HTTP_CONN_LIMIT_H

struct event_base;
struct evhttp;
struct evhttp_bound_socket;
struct tg_conn_limit;

#define TG_CONN_LIMIT_MAX 256

/*
 * Has @server stop accepting on @bound while about TG_CONN_LIMIT_MAX descriptors more are open than
 * now; further connections wait in the kernel. A silent one is dropped after the server's timeout.
 * Returns 0 with *@conn_limit, or -ENOMEM.
 */
int tg_conn_limit_set(struct event_base *base, struct evhttp *server,
		      struct evhttp_bound_socket *bound, struct tg_conn_limit **conn_limit);

/* To be called before the server is freed. Sets *@conn_limit to NULL; NULL-safe. */
void tg_conn_limit_free(struct tg_conn_limit **conn_limit);

#endif
