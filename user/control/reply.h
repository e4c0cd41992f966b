/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What all requests need: reading a member, and making the reply. */
#ifndef TG_CONTROL_REPLY_H
#define TG_CONTROL_REPLY_H

#include <jansson.h>
#include <stdbool.h>

struct tg_daemon;
struct tg_prefix;

/* {"code", "error"}; @code is the exit code of the command. */
json_t *tg_reply_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* The same, with the code for @error (-errno). */
json_t *tg_reply_errno(int error, const char *errmsg);

json_t *tg_reply_no_limit(const struct tg_daemon *daemon, const char *name);

/* Refuses what tg_request_parse_address() does not take; @text may be NULL. */
json_t *tg_reply_bad_address(const char *text);

/* {"code": 0, "result"}; takes @result over. */
json_t *tg_reply_done(json_t *result);

/* A member's text, or NULL. */
const char *tg_request_text(const json_t *request, const char *key);

/* Reads a plain address; false for anything else, a prefix or NULL too. */
bool tg_request_parse_address(const char *text, struct tg_prefix *address);

/* Handles one command: returns the reply, or NULL when out of memory. */
typedef json_t *tg_request_function(struct tg_daemon *daemon, const json_t *request);

#endif
