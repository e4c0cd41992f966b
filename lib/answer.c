// SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause
/* Makes an application's answer of what the program returned: times follow from the deficit. */
#include "answer.h"

#include <errno.h>
#include <tidegate/gcra.h>
#include <tidegate/refill_time.h>

/* Retry time after too many lost races: by then the others are done. */
#define CONTENDED_NS 1000

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t left(uint64_t until, uint64_t now)
{
	return until > now ? until - now : 0;
}

static uint64_t retry_after(const struct tg_app_request *request)
{
	const struct tg_rate *rate = &request->rate;
	uint64_t needed = request->deficit + tg_units(rate, request->cost), wait;

	if (request->cost > rate->capacity >> rate->scale)
		return TIDEGATE_NEVER;
	wait = later(left(request->penalty_until, request->now),
		     tg_rate_time_until(rate, left(needed, rate->capacity), request->now));
	if (request->result != TG_APP_ADMITTED && !wait)
		return CONTENDED_NS;
	return wait;
}

int tg_answer_make(const struct tg_app_request *request, struct tidegate_answer *answer)
{
	const struct tg_rate *rate = &request->rate;

	switch (request->result) {
	case TG_APP_FORBIDDEN:
		return -EACCES;
	case TG_APP_NO_KEY:
		return -EINVAL;
	case TG_APP_UNKNOWN:
	case TG_APP_STALE:
	case TG_APP_UNANSWERED:
		return -ENOENT;
	}
	*answer = (struct tidegate_answer){
		.admitted = request->result == TG_APP_ADMITTED || request->result == TG_APP_SHADOW,
		.shadow = request->result == TG_APP_SHADOW,
		.limit = rate->capacity >> rate->scale,
		.remaining = request->penalty_until
				     ? 0
				     : left(rate->capacity, request->deficit) >> rate->scale,
		.reset_ns = later(left(request->penalty_until, request->now),
				  tg_rate_time_until(rate, request->deficit, request->now)),
		.retry_after_ns = retry_after(request),
		.window_ns = tg_rate_time_until(rate, rate->capacity, 0),
		.delay_ns = left(request->departure, request->now),
	};
	return 0;
}
