// SPDX-License-Identifier: GPL-2.0-or-later
/* hiredis' reader with object functions of our own, which check every bound. */
#include "redis/resp.h"

#include <errno.h>
#include <hiredis/hiredis.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

/* Bytes of "$", the length and the ends of lines around a value; generous. */
#define HEADERS_MAX 64

#if HIREDIS_MAJOR >= 1
typedef size_t items_number;
#else
typedef int items_number;
#endif

struct tg_redis_reader {
	redisReader *reader;
	size_t value_max; /* bytes */
	size_t held;	  /* bytes of memory of the reply being read */
	const char *why;
};

/* Returns NULL, at which hiredis stops reading. */
static void *refuse(const redisReadTask *task, const char *why)
{
	struct tg_redis_reader *reader = task->privdata;

	reader->why = why;
	return NULL;
}

static struct tg_redis_reply *add(const redisReadTask *task, enum tg_redis_reply_kind kind,
				  size_t bytes)
{
	struct tg_redis_reader *reader = task->privdata;
	struct tg_redis_reply *reply;

	reader->held += sizeof(*reply) + bytes;
	if (reader->held > TG_REDIS_BYTES_MAX)
		return refuse(task, "more than 64 MiB at once");
	reply = calloc(1, sizeof(*reply));
	if (!reply)
		return refuse(task, "more than there is memory for");
	reply->kind = kind;
	return reply;
}

/* Puts @reply into its array at once, so that freeing the array frees it if the rest fails. */
static struct tg_redis_reply *join(const redisReadTask *task, struct tg_redis_reply *reply)
{
	if (reply && task->parent)
		((struct tg_redis_reply *)task->parent->obj)->items[task->idx] = reply;
	return reply;
}

static void *on_string(const redisReadTask *task, char *text, size_t length)
{
	enum tg_redis_reply_kind kind =
		task->type == REDIS_REPLY_ERROR ? TG_REDIS_ERROR : TG_REDIS_TEXT;
	const struct tg_redis_reader *reader = task->privdata;
	struct tg_redis_reply *reply;

	if (task->type != REDIS_REPLY_STRING && task->type != REDIS_REPLY_STATUS &&
	    task->type != REDIS_REPLY_ERROR)
		return refuse(task, "a kind of value that was not asked for");
	if (length > reader->value_max)
		return refuse(task, "a value longer than tidegate writes");
	reply = add(task, kind, length);
	if (!reply)
		return NULL;
	reply->text = malloc(length + 1);
	if (!reply->text) {
		free(reply);
		return refuse(task, "more than there is memory for");
	}
	memcpy(reply->text, text, length);
	reply->text[length] = '\0';
	reply->length = length;
	return join(task, reply);
}

static void *on_array(const redisReadTask *task, items_number items)
{
	size_t n = (size_t)items; /* a negative number becomes a huge one */
	struct tg_redis_reply *reply;

	if (task->parent)
		return refuse(task, "an array within an array");
	if (task->type != REDIS_REPLY_ARRAY)
		return refuse(task, "a kind of value that was not asked for");
	if (n > TG_REDIS_ITEMS_MAX)
		return refuse(task, "an array of more than 16384 items");
	reply = add(task, TG_REDIS_ARRAY, n * sizeof(reply->items[0]));
	if (!reply)
		return NULL;
	reply->items = calloc(n + 1, sizeof(reply->items[0]));
	if (!reply->items) {
		free(reply);
		return refuse(task, "more than there is memory for");
	}
	reply->length = n;
	return reply;
}

static void *on_integer(const redisReadTask *task, long long value)
{
	return join(task, add(task, TG_REDIS_INTEGER, 0));
}

static void *on_nil(const redisReadTask *task)
{
	return join(task, add(task, TG_REDIS_NIL, 0));
}

#if HIREDIS_MAJOR >= 1
/* Refuses a type of RESP3. Without this function hiredis would return an invalid pointer. */
static void *on_double(const redisReadTask *task, double value, char *text, size_t length)
{
	return refuse(task, "a kind of value that was not asked for");
}

static void *on_bool(const redisReadTask *task, int value)
{
	return refuse(task, "a kind of value that was not asked for");
}
#endif

static void free_object(void *object)
{
	struct tg_redis_reply *reply = object;

	tg_redis_reply_free(&reply);
}

static redisReplyObjectFunctions functions = {
	.createString = on_string,
	.createArray = on_array,
	.createInteger = on_integer,
	.createNil = on_nil,
#if HIREDIS_MAJOR >= 1
	.createDouble = on_double,
	.createBool = on_bool,
#endif
	.freeObject = free_object,
};

struct tg_redis_reader *tg_redis_reader_new(size_t value_max)
{
	tg_cleanup(tg_redis_reader_free) struct tg_redis_reader *made = calloc(1, sizeof(*made));

	if (!made)
		return NULL;
	made->reader = redisReaderCreateWithFunctions(&functions);
	if (!made->reader)
		return NULL;
	made->reader->privdata = made;
	made->value_max = value_max;
	return TAKE_PTR(made);
}

void tg_redis_reader_free(struct tg_redis_reader **reader)
{
	if (!*reader)
		return;
	if ((*reader)->reader)
		redisReaderFree((*reader)->reader);
	free(*reader);
	*reader = NULL;
}

int tg_redis_reader_feed(struct tg_redis_reader *reader, const void *bytes, size_t length)
{
	return redisReaderFeed(reader->reader, bytes, length) == REDIS_OK ? 0 : -ENOMEM;
}

int tg_redis_reader_next(struct tg_redis_reader *reader, struct tg_redis_reply **reply)
{
	void *object = NULL;

	if (redisReaderGetReply(reader->reader, &object) != REDIS_OK)
		return -EPROTO;
	/* All bytes that are left belong to one value, since there is no whole reply. */
	if (!object &&
	    reader->reader->len - reader->reader->pos > reader->value_max + HEADERS_MAX) {
		reader->why = "a value longer than tidegate writes";
		return -EPROTO;
	}
	if (object)
		reader->held = 0;
	*reply = object;
	return 0;
}

const char *tg_redis_reader_why(const struct tg_redis_reader *reader)
{
	return reader->why ? reader->why : reader->reader->errstr;
}

void tg_redis_reply_free(struct tg_redis_reply **reply)
{
	struct tg_redis_reply *old = *reply;
	size_t i;

	if (!old)
		return;
	for (i = 0; old->items && i < old->length; i++)
		tg_redis_reply_free(&old->items[i]);
	free(old->items);
	free(old->text);
	free(old);
	*reply = NULL;
}
