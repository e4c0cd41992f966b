/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answers of a Redis server, in the protocol RESP2, read by hiredis' reader into objects with
 * bounds: what is longer, nested or of another kind is refused before there is memory for it.
 */
#ifndef TG_REDIS_RESP_H
#define TG_REDIS_RESP_H

#include <stdbool.h>
#include <stddef.h>

#define TG_REPLY_ITEMS_MAX 16384	/* of an array */
#define TG_REPLY_BYTES_MAX (64UL << 20) /* of all that one answer holds */

enum tg_reply_kind {
	TG_REPLY_NIL,
	TG_REPLY_TEXT, /* a string or a status */
	TG_REPLY_ERROR,
	TG_REPLY_INTEGER, /* whose value nobody needs */
	TG_REPLY_ARRAY,
};

struct tg_reply {
	enum tg_reply_kind kind;
	size_t length; /* of the text, or number of items */
	char *text;    /* may hold NULs; one more stands past @length */
	struct tg_reply **items;
};

struct tg_reply_reader;

/* Refuses values longer than @value_max bytes. NULL: out of memory. */
struct tg_reply_reader *tg_reply_reader_new(size_t value_max);
void tg_reply_reader_free(struct tg_reply_reader **reader);

/* More of what came. 0 or -ENOMEM. */
int tg_reply_feed(struct tg_reply_reader *reader, const void *bytes, size_t length);

/*
 * The next answer, which the caller frees; NULL if there is no whole one yet. 0; -EPROTO, after
 * which the reader is of no more use: tg_reply_why().
 */
int tg_reply_next(struct tg_reply_reader *reader, struct tg_reply **reply);

/* What was wrong with the answer: part of a sentence. */
const char *tg_reply_why(const struct tg_reply_reader *reader);

void tg_reply_free(struct tg_reply **reply); /* NULL-safe; sets *reply to NULL */

#endif
