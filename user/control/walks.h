/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that look through the whole table of buckets, one after another, in short steps between
 * which the event loop goes on. A walk takes half of the daemon's time while it lasts, and all
 * walks together take a fifth, however many clients ask. Root, members of the group and HTTP take
 * turns, so that none of them keeps the others waiting for long. Requests that are equal get one
 * walk.
 */
#ifndef TG_CONTROL_WALKS_H
#define TG_CONTROL_WALKS_H

#include <jansson.h>
#include <stddef.h>

struct tg_bucket_view;
struct tg_daemon;
struct tg_pending;
struct tg_walks;

/* What a request does with the buckets. Its state, of @size bytes, is zero before begin(). */
struct tg_walk_kind {
	size_t size;
	/*
	 * Returns 1 if the table is to be looked through for @request, which stays valid. Else
	 * *@reply is the reply already; NULL means that memory is short, as in tg_control_reply().
	 */
	int (*begin)(struct tg_daemon *daemon, const json_t *request, void *state, json_t **reply);
	/* Takes a bucket. Returns 0 to go on, or above 0 if no more are needed. */
	int (*take)(void *state, const struct tg_bucket_view *view);
	/* Returns the reply, NULL as above. No other policy came into force since begin(). */
	json_t *(*finish)(struct tg_daemon *daemon, void *state);
	/* Frees what the state owns. After each begin(). */
	void (*end)(void *state);
};

enum tg_walk_client { TG_WALK_ROOT, TG_WALK_MEMBER, TG_WALK_HTTP, TG_WALK_CLIENTS };

/* Makes daemon->walks, in the loop daemon->base. Returns 0 or -errno, logged. */
int tg_walks_open(struct tg_daemon *daemon);

/* Has @pending get the reply to @request later. Up to 256 requests of each kind of client wait. */
void tg_walks_ask(struct tg_daemon *daemon, const struct tg_walk_kind *kind, const json_t *request,
		  enum tg_walk_client client, struct tg_pending *pending);

/*
 * The same for HTTP, with the reply at once if nobody else is walking and the table has no more
 * than 65,536 buckets. Otherwise the reply says {"busy": true}. Then the walk is made later, and
 * its reply is there for 3 seconds for who asks again. Returns a new reference.
 */
json_t *tg_walks_ask_now(struct tg_daemon *daemon, const struct tg_walk_kind *kind,
			 const json_t *request);

/* Replies to all who wait that the daemon ends. NULL-safe; sets daemon->walks to NULL. */
void tg_walks_close(struct tg_daemon *daemon);

#endif
