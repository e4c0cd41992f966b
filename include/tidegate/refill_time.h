/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* How long refills take: pure arithmetic, for the daemon and for libtidegate. */
#ifndef TIDEGATE_REFILL_TIME_H
#define TIDEGATE_REFILL_TIME_H

#include <linux/types.h>
#include <tidegate/abi.h>

/* ns from @now until refills have offered @units more: exact, rounded up to a whole ns. */
static inline __u64 tg_rate_time_until(const struct tg_rate *rate, __u64 units, __u64 now)
{
	unsigned __int128 clock, then;

	if (!units)
		return 0;
	if (rate->interval) {
		clock = now / rate->interval + (units + rate->amount - 1) / rate->amount;
		return clock * rate->interval - now;
	}
	clock = ((unsigned __int128)now * rate->amount >> TG_RATE_SHIFT) + units;
	then = ((clock << TG_RATE_SHIFT) + rate->amount - 1) / rate->amount;
	return then - now;
}

#endif
