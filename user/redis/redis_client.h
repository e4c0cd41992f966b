/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to one of several Redis servers that is made again whenever it is lost. The client
 * resolves names, connects by TCP or a Unix socket, does TLS, and goes on to the next server where
 * one fails. After the last server it waits for a random time and begins with the first.
 *
 * Replies come in the order of the commands. The connection is lost when a command is not answered
 * in time. A failure is logged unless it is the last one that was logged for the same server.
 * Nothing here blocks; all callbacks run in the event loop.
 */
#ifndef TG_REDIS_REDIS_CLIENT_H
#define TG_REDIS_REDIS_CLIENT_H

#include <stdint.h>

#include "redis/redis_status.h"
#include "redis/resp.h"
#include "redis/tls.h"

#define TG_REDIS_TIMEOUT_MS 500	 /* to connect to one address, TLS included; least for replies */
#define TG_REDIS_LOOKUP_MS  2000 /* to resolve a name */

/*
 * Before the servers are tried again: half of a bound to all of it, at random. The bound begins
 * with MIN, and doubles with each turn that fails, up to MAX. It is MIN again once a connection has
 * lasted longer than MAX.
 */
#define TG_REDIS_PAUSE_MIN_MS 50
#define TG_REDIS_PAUSE_MAX_MS 2000

#define TG_REDIS_SERVERS_MAX 8

struct event_base;
struct tg_redis_client;

struct tg_redis_server {
	char url[TG_REDIS_URL_SIZE]; /* for log and status; no secrets */
	const char *host;	     /* a name or an address; a path if @is_unix */
	uint16_t port;
	bool is_unix, has_tls;
};

struct tg_redis_settings {
	struct tg_redis_server servers[TG_REDIS_SERVERS_MAX]; /* in the order they are tried */
	size_t servers_n;				      /* 1 or more */
	const char *user, *password_file; /* for tg_redis_client_send_auth(); "": none */
	const char *ca_file;		  /* PEM; "": the system's authorities */
	uint64_t answer_within; /* ns for all replies; TG_REDIS_TIMEOUT_MS if that is more */
	size_t value_max;	/* bytes of the longest value that a reply may hold */
};

/* The callbacks of the client's user. All may send commands, except lost(). */
struct tg_redis_user {
	/* A connection is there, and no command was sent on it yet: no AUTH, no SELECT. */
	void (*connected)(void *data);

	/*
	 * @reply answers the oldest command that has no reply. The callee may keep it: it sets
	 * *@reply to NULL and frees it later. Otherwise the client frees it after the call.
	 */
	void (*answered)(void *data, struct tg_redis_reply **reply);

	/* The connection is gone. Called once after each connected(). */
	void (*lost)(void *data);

	void *data;
};

/*
 * Returns the ms to wait after @turns earlier turns that have failed: half to all of a bound that
 * doubles, by @random. At random, because a failed turn fails on all nodes, which must not come
 * back at once; half at least, so that none of them comes back too often.
 */
unsigned int tg_redis_pause_ms(unsigned int turns, unsigned int random);

/*
 * Opens a client, which connects as soon as the event loop runs. If a server has TLS, and until
 * tg_redis_client_trust() has told whom to trust, it reads the authorities before it connects (the
 * system's take about 0.1 s). Copies @settings and @user. The strings in @settings and @status,
 * which the client keeps up to date, must outlive the client. Returns 0 or -ENOMEM. A server that
 * cannot be reached is no error here.
 */
int tg_redis_client_open(struct event_base *base, const struct tg_redis_settings *settings,
			 const struct tg_redis_user *user, struct tg_redis_status *status,
			 struct tg_redis_client **client);

/*
 * Has the connections to come trust @trusted, of which the client becomes an owner. NULL: it could
 * not be read, for the reason @why, which is logged if the authorities read before stay trusted.
 */
void tg_redis_client_trust(struct tg_redis_client *client, SSL_CTX *trusted, const char *why);

/* Says whether there is a connection and every command has its reply. */
bool tg_redis_client_is_idle(const struct tg_redis_client *client);

/*
 * Queues a command as tg_redis_command() has it. Call it only between connected() and lost().
 * Returns 0 or -ENOMEM, with nothing queued.
 */
int tg_redis_client_send(struct tg_redis_client *client, int n, const char *const *words,
			 const size_t *lengths);

/*
 * Queues AUTH with the user and the password_file of the settings, whose content is read now. Call
 * it only between connected() and lost(). Returns 0, or -errno as tg_redis_command_auth(), with the
 * reason in @why (@size bytes).
 */
int tg_redis_client_send_auth(struct tg_redis_client *client, char *why, size_t size);

/* Returns the index in settings->servers of the server that is in use or being tried. */
size_t tg_redis_client_server(const struct tg_redis_client *client);

/*
 * Tells the client that the server does what is needed. Clears status->error, logs the connection,
 * and lets later failures be logged again. Has an effect once for each connection. When an approved
 * connection is lost, the next attempt begins with the first server.
 */
void tg_redis_client_approve(struct tg_redis_client *client);

/*
 * Closes the connection, with the reason for log and status in @format, and plans the next attempt.
 * Calls lost() if connected() was called before.
 */
void tg_redis_client_give_up(struct tg_redis_client *client, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/*
 * Closes the connection and frees the client. First sends what the socket takes without blocking.
 * Does not call lost(). NULL-safe; sets *@client to NULL.
 */
void tg_redis_client_close(struct tg_redis_client **client);

#endif
