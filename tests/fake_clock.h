/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Clocks that move when a test says so. The program's own clock_gettime() takes the place of the C
 * library's for the shared libraries too, so that timers of libevent fire by it.
 */
#ifndef TG_FAKE_CLOCK_H
#define TG_FAKE_CLOCK_H

#include <stdint.h>
#include <time.h>

static uint64_t fake_monotonic = 1000000000000;	     /* ns */
static uint64_t fake_realtime = 1790000000000000000; /* ns since 1970: 2026-09-21T14:13:20Z */

int clock_gettime(clockid_t id, struct timespec *time)
{
	uint64_t now = id == CLOCK_REALTIME || id == CLOCK_REALTIME_COARSE ? fake_realtime
									   : fake_monotonic;

	time->tv_sec = (time_t)(now / 1000000000);
	time->tv_nsec = (long)(now % 1000000000);
	return 0;
}

#endif
