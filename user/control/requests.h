/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What clients of the control socket may ask for: one table, whose handlers are in requests_*.c. */
#ifndef TG_CONTROL_REQUESTS_H
#define TG_CONTROL_REQUESTS_H

#include <jansson.h>
#include <stdbool.h>

struct tg_daemon;

/*
 * {"command": NAME, ...} -> {"code": 0, "result": {...}} or {"code": N, "error": SENTENCE},
 * where N is the exit code that the client ends with. NULL when out of memory. Without
 * @may_change, only what changes nothing is done.
 */
json_t *tg_request_handle(struct tg_daemon *daemon, const json_t *request, bool may_change);

#endif
