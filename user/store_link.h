/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to the first of some Redis servers that can be had, over and over: names, TCP or a
 * Unix socket, TLS, the next server, a pause that grows. Answers come in the order of the commands;
 * when they do not come in time the connection is lost. What matters is logged once.
 */
#ifndef TG_STORE_LINK_H
#define TG_STORE_LINK_H

#include "store.h"
#include "store_reply.h"

#define TG_LINK_TIMEOUT_MS   500  /* to connect, TLS included; for answers at least */
#define TG_LINK_LOOKUP_MS    2000 /* to resolve a name */
#define TG_LINK_PAUSE_MIN_MS 50	  /* before all servers are tried again: up to so much, */
#define TG_LINK_PAUSE_MAX_MS 2000 /* doubled each time up to this, at random */

struct tg_store_link;

struct tg_link_user {
	void (*connected)(void *data); /* the first commands are to be sent; nobody has greeted */
	/* The oldest command without one; the callee may take it. */
	void (*answered)(void *data, struct tg_reply **reply);
	void (*lost)(void *data); /* after connected(): no answers come any more */
	void *data;
};

/*
 * Begins at once, and returns at once unless the system's certificates are to be read (0.1 s).
 * @cluster and @status are the caller's and outlive the link. -ENOMEM.
 */
int tg_link_open(struct event_base *base, const struct tg_config_cluster *cluster,
		 const struct tg_link_user *user, struct tg_store_status *status,
		 struct tg_store_link **link);

/* Whether there is a connection, and no command without an answer. */
bool tg_link_is_idle(const struct tg_store_link *link);

/* Between connected() and lost(). -ENOMEM. */
int tg_link_send(struct tg_store_link *link, int n, const char *const *words,
		 const size_t *lengths);
int tg_link_send_auth(struct tg_store_link *link, char *why, size_t size);

/* The server that there is a connection to. */
const struct tg_config_store *tg_link_server(const struct tg_store_link *link);

/* The server does what is asked of it: what it failed in before is past. */
void tg_link_approve(struct tg_store_link *link);

/* Gives the connection up, as if it were lost; calls lost(). */
void tg_link_give_up(struct tg_store_link *link, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Sends what can be sent at once; lost() is not called. NULL-safe. */
void tg_link_close(struct tg_store_link **link);

#endif
