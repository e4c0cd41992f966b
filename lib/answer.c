// SPDX-License-Identifier: GPL-2.0-or-later
#include "answer.h"

#include <errno.h>
#include <tidegate/refill_time.h>

/* Beaten by others too often in a row; they are through by then. */
#define CONTENDED_NS 1000

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t left(uint64_t until, uint64_t now)
{
	return until > now ? until - now : 0;
}

static uint64_t retry_after(const struct tg_ask *ask)
{
	const struct tg_rate *rate = &ask->rate;
	uint64_t needed = ask->deficit + (ask->cost << rate->scale), wait;

	if (ask->cost > rate->capacity >> rate->scale)
		return TIDEGATE_NEVER;
	wait = later(left(ask->penalty_until, ask->now),
		     tg_rate_time_until(rate, left(needed, rate->capacity), ask->now));
	if (ask->result != TG_ASK_ADMITTED && !wait)
		return CONTENDED_NS;
	return wait;
}

int tg_answer_make(const struct tg_ask *ask, struct tidegate_answer *answer)
{
	const struct tg_rate *rate = &ask->rate;

	switch (ask->result) {
	case TG_ASK_FORBIDDEN:
		return -EACCES;
	case TG_ASK_NO_KEY:
		return -EINVAL;
	case TG_ASK_UNKNOWN:
	case TG_ASK_STALE:
	case TG_ASK_UNANSWERED:
		return -ENOENT;
	}
	*answer = (struct tidegate_answer){
		.admitted = ask->result == TG_ASK_ADMITTED || ask->result == TG_ASK_SHADOW,
		.shadow = ask->result == TG_ASK_SHADOW,
		.limit = rate->capacity >> rate->scale,
		.remaining =
			ask->penalty_until ? 0 : left(rate->capacity, ask->deficit) >> rate->scale,
		.reset_ns = later(left(ask->penalty_until, ask->now),
				  tg_rate_time_until(rate, ask->deficit, ask->now)),
		.retry_after_ns = retry_after(ask),
		.window_ns = tg_rate_time_until(rate, rate->capacity, 0),
		.delay_ns = left(ask->departure, ask->now),
	};
	return 0;
}
