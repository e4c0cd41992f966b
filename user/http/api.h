/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers what the status page asks for: the requests of the control socket that change nothing. */
#ifndef TG_HTTP_API_H
#define TG_HTTP_API_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

struct tg_daemon;

/*
 * Handles a request of the control socket. Returns a new reference to {"code": 0, "result": ...} or
 * {"code": N, "error": SENTENCE}, where N is an enum tg_exit; NULL when out of memory. {"busy":
 * true} in it: there is an answer in a moment, for who asks again.
 */
typedef json_t *tg_api_handler(struct tg_daemon *daemon, const json_t *request);

/* The endpoints of which many clients get one answer. */
enum { TG_API_STATUS, TG_API_LIMITS, TG_API_RECENT };

struct tg_api {
	tg_api_handler *handle;
	struct tg_daemon *daemon;
	struct tg_api_recent {
		char *text;  /* an answer, as JSON; NULL none */
		uint64_t of; /* the number of the reading that it tells */
	} recent[TG_API_RECENT];
};

#define TG_API_PREFIX "/api/"

/*
 * Answers a GET of @path, which must begin with TG_API_PREFIX, with @query (NULL: none); both are
 * still encoded. Returns the status of HTTP. *@answer is JSON that the caller frees, the "result"
 * of the control socket or {"error": SENTENCE}; NULL when out of memory. What all clients ask for
 * is up to TG_RECENT_MS old. Status 503: the table is to be looked through first, see
 * control/walks.h.
 */
int tg_api_answer(struct tg_api *api, const char *path, const char *query, char **answer);

/* Frees the answers that are kept. */
void tg_api_clear(struct tg_api *api);

#endif
