/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all handlers of requests use: reading members of a request, and making replies. Each
 * tg_reply_ function returns a new reference, NULL when out of memory.
 */
#ifndef TG_CONTROL_REPLY_H
#define TG_CONTROL_REPLY_H

#include <jansson.h>
#include <stdbool.h>

struct tg_daemon;
struct tg_pending;
struct tg_prefix;

/*
 * Handles one command: returns the reply to @request, which stays the caller's. The reply is a new
 * reference, {"code": 0, "result": ...} or {"code": N, "error": SENTENCE}, NULL when out of memory.
 */
typedef json_t *tg_request_function(struct tg_daemon *daemon, const json_t *request);

/* Handles one command whose reply comes later; see tg_control_handler in server.h. */
typedef void tg_request_later_function(struct tg_daemon *daemon, json_t *request,
				       struct tg_pending *pending);

/* {"code": 0, "result": @result}; takes the reference to @result. */
json_t *tg_reply_done(json_t *result);

/* {"code": @code, "error": SENTENCE}. @code is an enum tg_exit, the exit code of the command; the
 * sentence is cut off at TG_ERRMSG_SIZE. */
json_t *tg_reply_fail(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* tg_reply_fail() of @errmsg, with the code for @error, a -errno: TG_EXIT_REFUSED, _NOT_FOUND or
 * _FAILED. */
json_t *tg_reply_errno(int error, const char *errmsg);

/* TG_EXIT_NOT_FOUND: no limit is called @name; the sentence names those that there are. */
json_t *tg_reply_no_limit(const struct tg_daemon *daemon, const char *name);

/* TG_EXIT_USAGE: tg_request_parse_address() does not take @text, which may be NULL. */
json_t *tg_reply_bad_address(const char *text);

/* Returns the text of the member @key, which is @request's; NULL if it is missing or no text. */
const char *tg_request_text(const json_t *request, const char *key);

/* Reads one IPv4 or IPv6 address into *@address. False if @text is NULL, a prefix of more than one
 * address, or anything else. */
bool tg_request_parse_address(const char *text, struct tg_prefix *address);

#endif
