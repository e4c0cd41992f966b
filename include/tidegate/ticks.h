/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How the daemon learns what the kernel's ticks, which packet programs count, are in its own time.
 */
#ifndef TIDEGATE_TICKS_H
#define TIDEGATE_TICKS_H

#include <linux/types.h>

struct tg_ticks {
	__u64 before; /* ticks that the kernel had counted, */
	__u64 now;    /* ns on CLOCK_MONOTONIC, */
	__u64 after;  /* and ticks again: what differs from `before` says nothing */
};

_Static_assert(sizeof(struct tg_ticks) == 24, "ticks");

#endif
