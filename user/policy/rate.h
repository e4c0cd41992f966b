/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A refill in tokens -> the units and clocks of struct tg_rate. Pure. */
#ifndef TG_POLICY_RATE_H
#define TG_POLICY_RATE_H

#include <stdint.h>
#include <tidegate/abi.h>

#include "config/config.h"

/*
 * Chooses units and clock. Stepped: a unit is a token, so nothing is rounded. Continuous:
 * the scale makes the virtual clock advance 6.4 units or more in a ns, so the rate is
 * rounded down by less than 1 part in 10^8. @tick: resolution of the coarse clock in ns.
 * @ahead: ns of refills that delays or penalties may have taken beforehand.
 * Returns 0, or -EINVAL if the refill is out of the bounds of config.h.
 */
int tg_rate_compile(const struct tg_refill *refill, uint64_t tick, uint64_t ahead,
		    struct tg_rate *rate);

#endif
