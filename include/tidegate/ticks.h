/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* The kernel's ticks and time at one moment, from which the daemon computes when tick 0 was. */
#ifndef TIDEGATE_TICKS_H
#define TIDEGATE_TICKS_H

#include <linux/types.h>

struct tg_ticks {
	__u64 before; /* ticks before `now` was read */
	__u64 now;    /* ns on CLOCK_MONOTONIC, */
	__u64 after;  /* ticks after it: if different from `before`, discard the sample */
};

_Static_assert(sizeof(struct tg_ticks) == 24, "ticks");

#endif
