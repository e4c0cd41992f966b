/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of the control socket: one table of commands, whose handlers are in requests_*.c. */
#ifndef TG_CONTROL_REQUESTS_H
#define TG_CONTROL_REQUESTS_H

#include <jansson.h>
#include <stdbool.h>

struct tg_daemon;
struct tg_pending;

/*
 * Handles a request from the control socket: replies to @pending, at once or, for a change, once
 * it is in force. Otherwise as tg_request_handle(). @daemon is a struct tg_daemon.
 */
void tg_request_begin(void *daemon, json_t *request, bool may_change, struct tg_pending *pending);

/*
 * Handles {"command": NAME, ...}. Returns a new reference to {"code": 0, "result": {...}} or
 * {"code": N, "error": SENTENCE}, where N (enum tg_exit) is the exit code of the client; NULL when
 * out of memory. Without @may_change only commands that change nothing are done; the others get
 * TG_EXIT_REFUSED. So do those whose reply may take long.
 */
json_t *tg_request_handle(struct tg_daemon *daemon, const json_t *request, bool may_change);

#endif
