/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The clocks that the packet programs read, as seen from user space: of the coarse one, the same
 * but for less than a tick, either way.
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

/* ns */
static inline uint64_t tg_clock_read(enum tg_clock clock)
{
	struct timespec time;

	clock_gettime(tg_clock_id(clock), &time);
	return (uint64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

/* The coarse clock's resolution in ns: one tick of the kernel. */
static inline uint64_t tg_clock_tick(void)
{
	struct timespec resolution;

	clock_getres(CLOCK_MONOTONIC_COARSE, &resolution);
	return (uint64_t)resolution.tv_sec * 1000000000 + resolution.tv_nsec;
}

/*
 * True if the kernel may count its ticks by interrupts alone, of which some get lost: it does if it
 * has no timers of high resolution.
 */
static inline bool tg_clock_may_lose_ticks(void)
{
	struct timespec resolution;

	clock_getres(CLOCK_MONOTONIC, &resolution);
	return resolution.tv_sec || resolution.tv_nsec > 1;
}

#endif
