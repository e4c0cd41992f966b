/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the clocks of the packet programs from user space. The coarse clock differs from what a
 * program reads by less than a tick, in either direction.
 */
#ifndef TG_KERNEL_PACKET_CLOCK_H
#define TG_KERNEL_PACKET_CLOCK_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>
#include <tidegate/abi.h>

static inline clockid_t tg_clock_id(enum tg_clock clock)
{
	return clock == TG_CLOCK_COARSE ? CLOCK_MONOTONIC_COARSE : CLOCK_MONOTONIC;
}

/* Returns ns. */
static inline uint64_t tg_clock_read(enum tg_clock clock)
{
	struct timespec time;

	clock_gettime(tg_clock_id(clock), &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* Returns the resolution of the coarse clock in ns: one tick of the kernel. */
static inline uint64_t tg_clock_tick(void)
{
	struct timespec resolution;

	clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
	return (uint64_t)resolution.tv_sec * 1000000000 + resolution.tv_nsec;
}

/*
 * Returns whether the coarse clock may lose ticks. A kernel without high-resolution timers counts
 * ticks by interrupts alone, and some of those are lost.
 */
static inline bool tg_clock_may_lose_ticks(void)
{
	struct timespec resolution;

	clock_getres(CLOCK_MONOTONIC, &resolution);
	return resolution.tv_sec || resolution.tv_nsec > 1;
}

#endif
