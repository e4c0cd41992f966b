/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the store's answers are such as were asked for, and what an operator can do if not. */
#ifndef TG_REDIS_EXPECT_H
#define TG_REDIS_EXPECT_H

#include "redis/resp.h"

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

/* 0, or -EPROTO. @why is always written: what to say if the answer is not good after all. */
int tg_redis_expect(enum tg_redis_expected expected, const struct tg_redis_reply *reply, char *why,
		    size_t size);

#endif
