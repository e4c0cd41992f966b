/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answers of a Redis server, in the protocol RESP2, read by hiredis' reader into objects with
 * bounds: what is longer, nested or of another kind is refused before there is memory for it.
 */
#ifndef TG_REDIS_RESP_H
#define TG_REDIS_RESP_H

#include <stdbool.h>
#include <stddef.h>

#define TG_REDIS_ITEMS_MAX 16384	/* of an array */
#define TG_REDIS_BYTES_MAX (64UL << 20) /* of all that one answer holds */

enum tg_redis_reply_kind {
	TG_REDIS_NIL,
	TG_REDIS_TEXT, /* a string or a status */
	TG_REDIS_ERROR,
	TG_REDIS_INTEGER, /* whose value nobody needs */
	TG_REDIS_ARRAY,
};

struct tg_redis_reply {
	enum tg_redis_reply_kind kind;
	size_t length; /* of the text, or number of items */
	char *text;    /* may hold NULs; one more stands past @length */
	struct tg_redis_reply **items;
};

struct tg_redis_reader;

/* Refuses values longer than @value_max bytes. NULL: out of memory. */
struct tg_redis_reader *tg_redis_reader_new(size_t value_max);
void tg_redis_reader_free(struct tg_redis_reader **reader);

/* More of what came. 0 or -ENOMEM. */
int tg_redis_reader_feed(struct tg_redis_reader *reader, const void *bytes, size_t length);

/*
 * The next answer, which the caller frees; NULL if there is no whole one yet. 0; -EPROTO, after
 * which the reader is of no more use: tg_redis_reader_why().
 */
int tg_redis_reader_next(struct tg_redis_reader *reader, struct tg_redis_reply **reply);

/* What was wrong with the answer: part of a sentence. */
const char *tg_redis_reader_why(const struct tg_redis_reader *reader);

void tg_redis_reply_free(struct tg_redis_reply **reply); /* NULL-safe; sets *reply to NULL */

#endif
