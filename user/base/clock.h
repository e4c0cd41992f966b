/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The time that user space reckons with. */
#ifndef TG_BASE_CLOCK_H
#define TG_BASE_CLOCK_H

#include <stdint.h>
#include <time.h>

/* ns of the monotonic clock: since the system was started, without the time it was suspended. */
static inline uint64_t tg_now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

#endif
