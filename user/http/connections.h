/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bounds the connections of an HTTP server and how long one may be silent, which libevent does not.
 * When there are too many, the one that has been silent longest makes room: whoever opens many and
 * says nothing shuts out only himself.
 */
#ifndef TG_HTTP_CONNECTIONS_H
#define TG_HTTP_CONNECTIONS_H

struct evconnlistener;
struct event_base;
struct evhttp;
struct evhttp_request;
struct tg_connections;

#define TG_CONNECTIONS_MAX 128

/* A connection without a first byte after that many seconds is closed, */
#define TG_CONNECTION_MUTE_S 2
/* and one without a complete request, since the last one if there was any. */
#define TG_CONNECTION_IDLE_S 10

/*
 * Watches all connections that @server accepts from now on; returns 0 with
 * *@connections, or -ENOMEM.
 */
int tg_connections_watch(struct event_base *base, struct evhttp *server,
			 struct tg_connections **connections);

/* Has the server's @listener, which lives as long as the server, accept one client at a time. */
void tg_connections_pace(struct tg_connections *connections, struct evconnlistener *listener);

/* Notes that the connection of @request has sent one. */
void tg_connections_heard(struct tg_connections *connections, struct evhttp_request *request);

/* To be called after the server is freed. Sets *@connections to NULL; NULL-safe. */
void tg_connections_free(struct tg_connections **connections);

#endif
