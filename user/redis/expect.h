/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks a reply against the command it belongs to, with advice for the operator if it is wrong. */
#ifndef TG_REDIS_EXPECT_H
#define TG_REDIS_EXPECT_H

#include "redis/resp.h"

/* The command that a reply belongs to. OWN is an MGET of this node's own key. */
enum tg_redis_expected {
	TG_EXPECT_AUTH,
	TG_EXPECT_SELECT,
	TG_EXPECT_SETNAME,
	TG_EXPECT_SET,
	TG_EXPECT_MGET,
	TG_EXPECT_OWN,
	TG_EXPECT_SADD,
	TG_EXPECT_SREM,
	TG_EXPECT_SMEMBERS,
};

/*
 * Returns 0 if @reply is of the kind that the command gives, else -EPROTO. Any reply to SETNAME
 * will do. Writes to @why (@size bytes) in both cases, because the caller may still refuse the
 * content of a reply of the right kind.
 */
int tg_redis_expect(enum tg_redis_expected expected, const struct tg_redis_reply *reply, char *why,
		    size_t size);

#endif
