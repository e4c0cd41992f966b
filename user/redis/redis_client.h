/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to the first of some Redis servers that can be had, over and over: names, TCP or a
 * Unix socket, TLS, the next server, a pause that grows. Answers come in the order of the commands;
 * when they do not come in time the connection is lost. What matters is logged once.
 */
#ifndef TG_REDIS_REDIS_CLIENT_H
#define TG_REDIS_REDIS_CLIENT_H

#include <stdint.h>

#include "redis/redis_status.h"
#include "redis/resp.h"

#define TG_REDIS_TIMEOUT_MS   500  /* to connect, TLS included; for answers at least */
#define TG_REDIS_LOOKUP_MS    2000 /* to resolve a name */
#define TG_REDIS_PAUSE_MIN_MS 50   /* before all servers are tried again: up to so much, */
#define TG_REDIS_PAUSE_MAX_MS 2000 /* doubled each time up to this, at random */

#define TG_REDIS_SERVERS_MAX 8

struct event_base;
struct tg_redis_client;

struct tg_redis_server {
	char url[TG_REDIS_URL_SIZE]; /* without secrets: for messages and the status */
	const char *host;	     /* a name or an address; a path if @is_unix */
	uint16_t port;
	bool is_unix, has_tls;
};

struct tg_redis_settings {
	struct tg_redis_server servers[TG_REDIS_SERVERS_MAX]; /* the next where one fails */
	size_t servers_n;				      /* 1 or more */
	const char *user, *password_file; /* "": none; the file is read at each connection */
	const char *ca_file;		  /* PEM; "": the system's authorities */
	uint64_t answer_within;		  /* ns; TG_REDIS_TIMEOUT_MS at least */
	size_t value_max;		  /* as tg_redis_reader_new() has it */
};

struct tg_redis_user {
	void (*connected)(void *data); /* the first commands are to be sent; nobody has greeted */
	/* The oldest command without one; the callee may take it. */
	void (*answered)(void *data, struct tg_redis_reply **reply);
	void (*lost)(void *data); /* after connected(): no answers come any more */
	void *data;
};

/*
 * Begins at once, and returns at once unless the system's certificates are to be read (0.1 s).
 * @settings is copied; the strings that it points to and @status outlive the link. -ENOMEM.
 */
int tg_redis_client_open(struct event_base *base, const struct tg_redis_settings *settings,
			 const struct tg_redis_user *user, struct tg_redis_status *status,
			 struct tg_redis_client **client);

/* Whether there is a connection, and no command without an answer. */
bool tg_redis_client_is_idle(const struct tg_redis_client *client);

/* Between connected() and lost(). -ENOMEM. */
int tg_redis_client_send(struct tg_redis_client *client, int n, const char *const *words,
			 const size_t *lengths);
int tg_redis_client_send_auth(struct tg_redis_client *client, char *why, size_t size);

/* The index in settings->servers of the server that there is a connection to. */
size_t tg_redis_client_server(const struct tg_redis_client *client);

/* The server does what is asked of it: what it failed in before is past. */
void tg_redis_client_approve(struct tg_redis_client *client);

/* Gives the connection up, as if it were lost; calls lost(). */
void tg_redis_client_give_up(struct tg_redis_client *client, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Sends what can be sent at once; lost() is not called. NULL-safe. */
void tg_redis_client_close(struct tg_redis_client **client);

#endif
