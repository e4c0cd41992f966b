/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bound on the connections to HTTP, which libevent has not: so that no crowd of them takes all
 * descriptors, which a change of policy and the control socket need. */
#ifndef TG_HTTP_CONN_LIMIT_H
#define TG_HTTP_CONN_LIMIT_H

struct event_base;
struct evhttp;
struct evhttp_bound_socket;
struct tg_conn_limit;

#define TG_CONN_LIMIT_MAX 256

/*
 * While more than about TG_CONN_LIMIT_MAX descriptors are open beside those that are now, further
 * connections wait in the kernel; silent ones are dropped after the server's timeout. Returns 0 or
 * -ENOMEM.
 */
int tg_conn_limit_set(struct event_base *base, struct evhttp *server,
		      struct evhttp_bound_socket *bound, struct tg_conn_limit **conn_limit);

void tg_conn_limit_free(struct tg_conn_limit **conn_limit); /* before the server; NULL-safe */

#endif
