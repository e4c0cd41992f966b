/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serves the control socket: a Unix stream socket that takes one JSON object a line, and replies to
 * each with one, in the order of the requests. While a reply takes long, it sends a space every 10
 * seconds, which JSON allows before a value, so that the client knows it alive. Root and the
 * daemon's own user may ask for everything; members of the daemon's group for what changes nothing;
 * all others are refused.
 */
#ifndef TG_CONTROL_SERVER_H
#define TG_CONTROL_SERVER_H

#include <jansson.h>
#include <stdbool.h>

struct event_base;
struct tg_control;

/* A request that has no reply yet. Its client may go meanwhile; the handler need not know. */
struct tg_pending;

/*
 * Handles @request, and sees to it that tg_control_reply() is called for @pending, at once or
 * later. @data is that of tg_control_open(); @may_change: this client may change things. @request
 * stays the caller's.
 */
typedef void tg_control_handler(void *data, json_t *request, bool may_change,
				struct tg_pending *pending);

/*
 * Sends @reply, whose reference it takes, and frees @pending. NULL: the reply says that memory is
 * short. Call it for all that pend before tg_control_close().
 */
void tg_control_reply(struct tg_pending *pending, json_t *reply);

/*
 * Listens on @path and has @handle answer requests. Makes the directory if it is missing, and
 * replaces a socket on which nobody answers. @path is copied. Returns 0 with *@control, which the
 * caller closes before it frees @base; or -errno, logged: -EADDRINUSE if another daemon answers on
 * @path, -EACCES if another user owns or may write its directory.
 */
int tg_control_open(struct event_base *base, const char *path, tg_control_handler *handle,
		    void *data, struct tg_control **control);

/* Sends what the sockets take of replies that wait, closes all and removes the socket. Sets
 * *@control to NULL; NULL-safe. */
void tg_control_close(struct tg_control **control);

#endif
