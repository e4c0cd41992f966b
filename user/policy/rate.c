// SPDX-License-Identifier: GPL-2.0-or-later
/* Compiles a refill to the units, the clock and the slack of a bucket. */
#include <errno.h>

#include "policy/rate.h"
#include "base/clock.h"

/*
 * A limit reads the coarse clock, which is late by up to a tick, if its interval has at least 4
 * ticks (stepped), or if an empty bucket takes at least 64 ticks to fill (continuous).
 */
#define TICKS_PER_INTERVAL 4
#define TICKS_TO_FILL	   64

typedef unsigned __int128 wide;

/*
 * Returns the units refilled in @ns. A deficit beyond capacity by more means that a clock went
 * back.
 */
static uint64_t slack_of(const struct tg_rate *rate, uint64_t ns)
{
	if (rate->interval)
		return (ns / rate->interval + 1) * rate->amount;
	return ((wide)rate->amount * ns >> TG_RATE_SHIFT) + 1;
}

static void compile_stepped(const struct tg_refill *refill, uint64_t tick, struct tg_rate *rate)
{
	rate->capacity = refill->capacity;
	rate->amount = refill->amount;
	rate->interval = refill->interval;
	rate->clock = refill->interval >= (wide)TICKS_PER_INTERVAL * tick ? TG_CLOCK_COARSE
									  : TG_CLOCK_PRECISE;
}

static void compile_continuous(const struct tg_refill *refill, uint64_t tick, struct tg_rate *rate)
{
	wide filled = (wide)refill->capacity * refill->interval; /* ns to fill, times amount */

	/* At least 32/5 = 6.4 units a ns. */
	while (((wide)refill->amount << rate->scale) * 5 < (wide)refill->interval * 32)
		rate->scale++;
	rate->amount = ((wide)refill->amount << (rate->scale + TG_RATE_SHIFT)) / refill->interval;
	rate->capacity = refill->capacity << rate->scale;
	rate->clock = filled >= (wide)refill->amount * TICKS_TO_FILL * tick ? TG_CLOCK_COARSE
									    : TG_CLOCK_PRECISE;
}

static int check(const struct tg_refill *refill)
{
	wide capacity = refill->capacity, amount = refill->amount, interval = refill->interval;

	if (!capacity || !amount || !interval || capacity > TG_CAPACITY_MAX)
		return -EINVAL;
	if (amount * NS_PER_S > interval * TG_RATE_MAX)
		return -EINVAL;
	if (!refill->continuous)
		return interval < TG_INTERVAL_MIN ? -EINVAL : 0;
	return capacity * interval > amount * TG_REFILL_TIME_MAX_S * NS_PER_S ? -EINVAL : 0;
}

int tg_rate_compile(const struct tg_refill *refill, uint64_t tick, uint64_t ahead,
		    struct tg_rate *rate)
{
	struct tg_rate made = {};
	int error = check(refill);

	if (error)
		return error;
	if (refill->continuous)
		compile_continuous(refill, tick, &made);
	else
		compile_stepped(refill, tick, &made);
	made.slack = slack_of(&made, NS_PER_S + ahead);
	*rate = made;
	return 0;
}
