/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Requests of the control socket: one table of commands, whose handlers are in requests_*.c. */
#ifndef TG_CONTROL_REQUESTS_H
#define TG_CONTROL_REQUESTS_H

#include <jansson.h>
#include <stdbool.h>

struct tg_daemon;
struct tg_pending;

/*
 * Handles a request from the control socket, {"command": NAME, ...}. Replies to @pending, at once,
 * or later: once a change is in force, or the table of buckets is looked through. The reply is
 * {"code": 0, "result": {...}} or {"code": N, "error": SENTENCE}, where N (enum tg_exit) is the
 * exit code of the client. Without @may_change only commands that change nothing are done; the
 * others get TG_EXIT_REFUSED. @daemon is a struct tg_daemon.
 */
void tg_request_begin(void *daemon, json_t *request, bool may_change, struct tg_pending *pending);

/*
 * Handles a request from HTTP, which may change nothing, at once. Returns a new reference to the
 * reply; NULL when out of memory. {"busy": true} in it: the table of buckets will be looked through
 * in a moment, for who asks again.
 */
json_t *tg_request_handle(struct tg_daemon *daemon, const json_t *request);

#endif
