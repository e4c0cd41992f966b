/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's end of the control socket: a Unix stream socket that takes one JSON object
 * a line and answers each with one. Root and the daemon's own user may ask for all, members
 * of its group for what changes nothing; nobody else is heard.
 */
#ifndef TG_CONTROL_SERVER_H
#define TG_CONTROL_SERVER_H

#include <jansson.h>
#include <stdbool.h>

struct event_base;
struct tg_control;

/* Returns the reply (a new reference). @may_change: whether this client may change anything. */
typedef json_t *tg_control_handler(void *data, const json_t *request, bool may_change);

/*
 * Listens on @path; a socket there that nobody answers on is replaced. Returns 0 or -errno,
 * logged: -EADDRINUSE if another daemon answers on @path, -EACCES if everybody may write its
 * directory.
 */
int tg_control_open(struct event_base *base, const char *path, tg_control_handler *handle,
		    void *data, struct tg_control **control);

/* Sends what is still to be sent, closes all and unlinks the socket. NULL-safe. */
void tg_control_close(struct tg_control **control);

#endif
