/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the replies of a Redis server (protocol RESP2) into objects of bounded size. A value that
 * is too long, an array within an array and a type of RESP3 are refused before memory is allocated.
 */
#ifndef TG_REDIS_RESP_H
#define TG_REDIS_RESP_H

#include <stdbool.h>
#include <stddef.h>

#define TG_REDIS_ITEMS_MAX 16384	/* items in an array */
#define TG_REDIS_BYTES_MAX (64UL << 20) /* bytes of one reply, in memory */

enum tg_redis_reply_kind {
	TG_REDIS_NIL,
	TG_REDIS_TEXT, /* bulk string or status */
	TG_REDIS_ERROR,
	TG_REDIS_INTEGER, /* the value is not kept */
	TG_REDIS_ARRAY,
};

struct tg_redis_reply {
	enum tg_redis_reply_kind kind;
	size_t length; /* bytes of the text, or number of items */
	char *text;    /* TEXT and ERROR: may hold NULs, and ends with one more after @length */
	struct tg_redis_reply **items; /* ARRAY */
};

struct tg_redis_reader;

/* Makes a reader that refuses strings longer than @value_max bytes. Returns NULL without memory. */
struct tg_redis_reader *tg_redis_reader_new(size_t value_max);
void tg_redis_reader_free(struct tg_redis_reader **reader); /* NULL-safe; sets *reader to NULL */

/* Adds @length bytes that were received. Copies them. Returns 0 or -ENOMEM. */
int tg_redis_reader_feed(struct tg_redis_reader *reader, const void *bytes, size_t length);

/*
 * Sets *@reply to the next whole reply, which the caller frees, or to NULL if more bytes are
 * needed. Returns 0, or -EPROTO if the reply is malformed, refused or too much for the memory. Then
 * tg_redis_reader_why() says why, and the reader can only be freed.
 */
int tg_redis_reader_next(struct tg_redis_reader *reader, struct tg_redis_reply **reply);

/* Returns what was wrong, as the end of a sentence: "an array within an array". The reader's. */
const char *tg_redis_reader_why(const struct tg_redis_reader *reader);

void tg_redis_reply_free(struct tg_redis_reply **reply); /* NULL-safe; sets *reply to NULL */

#endif
