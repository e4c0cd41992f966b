// SPDX-License-Identifier: GPL-2.0-or-later
/* The kind of reply that each command gives, and what each error of a Redis server means here. */
#include "redis/expect.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static const struct {
	const char *command;
	enum tg_redis_reply_kind kind;
} commands[] = {
	[TG_EXPECT_AUTH] = {"AUTH", TG_REDIS_TEXT},
	[TG_EXPECT_SELECT] = {"SELECT", TG_REDIS_TEXT},
	[TG_EXPECT_SETNAME] = {"CLIENT SETNAME", TG_REDIS_TEXT},
	[TG_EXPECT_SET] = {"SET", TG_REDIS_TEXT},
	[TG_EXPECT_MGET] = {"MGET", TG_REDIS_ARRAY},
	[TG_EXPECT_OWN] = {"MGET", TG_REDIS_ARRAY},
	[TG_EXPECT_SADD] = {"SADD", TG_REDIS_INTEGER},
	[TG_EXPECT_SREM] = {"SREM", TG_REDIS_INTEGER},
	[TG_EXPECT_SMEMBERS] = {"SMEMBERS", TG_REDIS_ARRAY},
};

/* Advice, by the first word of the server's error. */
static const struct {
	const char *code, *meaning;
} meanings[] = {
	{"NOAUTH", "it wants a password: write password_file, and user unless that of the user "
		   "default is meant"},
	{"NOPERM", "its user lacks rights: docs/shared-limits.md has the line of ACL SETUSER"},
	{"READONLY", "it is a replica, which cannot be written to"},
	{"LOADING", "it is still loading its data"},
	{"MASTERDOWN", "it is a replica without its master"},
	{"MOVED",
	 "another node of this Redis Cluster has the keys: write that node's URL, or a list "
	 "of all nodes"},
	{"OOM", "its memory is full: maxmemory has to be more, or other keys less"},
};

static void explain(enum tg_redis_expected expected, const struct tg_redis_reply *reply, char *why,
		    size_t size)
{
	size_t i, code = strcspn(reply->text, " ");

	/* Only the code: some servers quote the command, and the password is in it. */
	if (expected == TG_EXPECT_AUTH) {
		snprintf(why, size,
			 "it refuses user and password_file (%.*s): they must be those of ACL "
			 "SETUSER or requirepass",
			 code < 20 ? (int)code : 20, reply->text);
		return;
	}
	for (i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++)
		if (strlen(meanings[i].code) == code &&
		    strncmp(meanings[i].code, reply->text, code) == 0) {
			snprintf(why, size, "%s (%s: %.80s)", meanings[i].meaning,
				 commands[expected].command, reply->text);
			return;
		}
	snprintf(why, size, "%s: %.160s", commands[expected].command, reply->text);
}

int tg_redis_expect(enum tg_redis_expected expected, const struct tg_redis_reply *reply, char *why,
		    size_t size)
{
	snprintf(why, size, "it answers %s by what is no answer to it", commands[expected].command);
	if (expected == TG_EXPECT_SETNAME) /* a name for `CLIENT LIST`, nothing else */
		return 0;
	if (reply->kind == commands[expected].kind)
		return 0;
	if (reply->kind == TG_REDIS_ERROR)
		explain(expected, reply, why, size);
	return -EPROTO;
}
