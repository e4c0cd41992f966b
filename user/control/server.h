/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serves the control socket: a Unix stream socket that takes one JSON object a line, and replies to
 * each with one. Root and the daemon's own user may ask for everything; members of the daemon's
 * group for what changes nothing; all others are refused.
 */
#ifndef TG_CONTROL_SERVER_H
#define TG_CONTROL_SERVER_H

#include <jansson.h>
#include <stdbool.h>

struct event_base;
struct tg_control;

/*
 * Returns the reply to @request, a new reference, or NULL when out of memory. @data is that of
 * tg_control_open(); @may_change: this client may change things.
 */
typedef json_t *tg_control_handler(void *data, const json_t *request, bool may_change);

/*
 * Listens on @path and has @handle answer requests. Makes the directory if it is missing, and
 * replaces a socket on which nobody answers. @path is copied. Returns 0 with *@control, which the
 * caller closes before it frees @base; or -errno, logged: -EADDRINUSE if another daemon answers on
 * @path, -EACCES if everybody may write its directory.
 */
int tg_control_open(struct event_base *base, const char *path, tg_control_handler *handle,
		    void *data, struct tg_control **control);

/* Sends what the sockets take of replies that wait, closes all and removes the socket. Sets
 * *@control to NULL; NULL-safe. */
void tg_control_close(struct tg_control **control);

#endif
