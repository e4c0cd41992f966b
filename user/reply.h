/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers to requests, and the requests that stand in files of their own. */
#ifndef TG_REPLY_H
#define TG_REPLY_H

#include <jansson.h>

struct tg_daemon;

/* {"code", "error"}; @code is the exit code of the command. */
json_t *tg_reply_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, with the code for @error (-errno). */
json_t *tg_reply_errno(int error, const char *message);

json_t *tg_reply_no_limit(const struct tg_daemon *daemon, const char *name);

/* {"code": 0, "result"}; takes @result over. */
json_t *tg_reply_done(json_t *result);

/* A member's text, or NULL. */
const char *tg_request_text(const json_t *request, const char *key);

typedef json_t *tg_request_function(struct tg_daemon *daemon, const json_t *request);

tg_request_function tg_request_status, tg_request_limits;

/* requests_policy.c */
tg_request_function tg_request_set, tg_request_shadow, tg_request_reload, tg_request_diff,
	tg_request_apply, tg_request_confirm, tg_request_rollback;

/*
 * requests_entries.c; each with "list": "allow" or "deny".
 * add: "prefixes": [TEXT...], "for": DURATION or absent, "note": TEXT or absent.
 * remove: "prefixes".
 * list: a page of the list; "after": the "next" of the page before, which is null in the last
 * one. In pages, since 100,000 entries in one answer would hold up all other requests.
 */
tg_request_function tg_request_add_entries, tg_request_remove_entries, tg_request_list_entries;

#endif
