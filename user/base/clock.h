/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monotonic clock, and the units of time in nanoseconds. */
#ifndef TG_BASE_CLOCK_H
#define TG_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_S  1000000000LL
#define NS_PER_MS 1000000LL
#define NS_PER_US 1000LL

/* Returns the time since boot in ns, without the time the system was suspended. Never fails. */
static inline uint64_t tg_now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

#endif
