/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the store's answers are such as were asked for, and what an operator can do if not. */
#ifndef TG_REDIS_EXPECT_H
#define TG_REDIS_EXPECT_H

#include "redis/resp.h"

enum tg_store_asked {
	TG_ASKED_AUTH,
	TG_ASKED_SELECT,
	TG_ASKED_SETNAME,
	TG_ASKED_SET,
	TG_ASKED_MGET,
	TG_ASKED_OWN,
	TG_ASKED_SADD,
	TG_ASKED_SREM,
	TG_ASKED_SMEMBERS,
};

/* 0, or -EPROTO. @why is always written: what to say if the answer is not good after all. */
int tg_store_answer_check(enum tg_store_asked asked, const struct tg_reply *reply, char *why,
			  size_t size);

#endif
