/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the status page asks for: those requests of the control socket that only read. */
#ifndef TG_HTTP_API_H
#define TG_HTTP_API_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct tg_daemon;

/*
 * Answers a request of the control socket: {"code": 0, "result"} or {"code": N, "error": SENTENCE},
 * where N is an exit code; a new reference, NULL when out of memory. The API never sets
 * @may_change.
 */
typedef json_t *tg_api_handler(struct tg_daemon *daemon, const json_t *request, bool may_change);

struct tg_api {
	tg_api_handler *handle;
	struct tg_daemon *daemon;
	uint64_t
		next_walk_ns; /* CLOCK_MONOTONIC: not before may one look through the table again */
};

#define TG_API_PREFIX "/api/"

/*
 * Answers a GET of @path, which begins with TG_API_PREFIX, and @query (NULL: none), both as
 * they came. Returns the status of HTTP; *@answer is a new reference: the very result of the
 * control socket, or {"error": SENTENCE}. NULL when out of memory.
 */
int tg_api_answer(struct tg_api *api, const char *path, const char *query, json_t **answer);

#endif
