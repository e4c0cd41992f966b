/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the kernel's ticks, which are the packet programs' coarse clock, lie in CLOCK_MONOTONIC. */
#ifndef TG_KERNEL_TICK_PROGRAM_H
#define TG_KERNEL_TICK_PROGRAM_H

#include <stdint.h>

/*
 * *@begin: ns on CLOCK_MONOTONIC, modulo 2^64, at which the kernel had counted no tick yet, from
 * ticks of @tick ns. It stays the same until the next boot. Takes eight ticks. 0 or -errno.
 */
int tg_ticks_find(uint64_t tick, uint64_t *begin);

#endif
