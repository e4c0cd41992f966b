/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds how the kernel's ticks, the coarse clock of the packet programs, relate to CLOCK_MONOTONIC.
 */
#ifndef TG_KERNEL_TICK_PROGRAM_H
#define TG_KERNEL_TICK_PROGRAM_H

#include <stdint.h>

/*
 * Sets *@begin to the time of tick 0 in ns on CLOCK_MONOTONIC, modulo 2^64, for ticks of @tick ns.
 * It stays the same until the next boot. Measures for eight ticks, and keeps one CPU busy. Returns
 * 0 or -errno.
 */
int tg_ticks_find(uint64_t tick, uint64_t *begin);

#endif
