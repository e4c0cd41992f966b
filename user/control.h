/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's end of the control socket: a Unix stream socket that takes one JSON object
 * a line and answers each with one. Only root, the daemon's own user and members of its
 * group are heard.
 */
#ifndef TG_CONTROL_H
#define TG_CONTROL_H

#include <jansson.h>

struct event_base;
struct tg_control;

/*
 * Listens on @path; a socket there that nobody answers on is replaced. Each request goes to
 * @handle, which returns the reply (a new reference). Returns 0 or -errno, logged:
 * -EADDRINUSE if another daemon answers on @path.
 */
int tg_control_open(struct event_base *base, const char *path,
		    json_t *(*handle)(void *data, const json_t *request), void *data,
		    struct tg_control **control);

/* Sends what is still to be sent, closes all and unlinks the socket. NULL-safe. */
void tg_control_close(struct tg_control **control);

#endif
