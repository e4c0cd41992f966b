/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compiles a refill, in tokens, to struct tg_rate: units and clock. Pure. */
#ifndef TG_POLICY_RATE_H
#define TG_POLICY_RATE_H

#include <stdint.h>
#include <tidegate/abi.h>

#include "config/config.h"

/*
 * Chooses units and clock. Stepped: a unit is a token, so nothing is rounded. Continuous: the scale
 * makes at least 6.4 units a ns, so the rate is rounded down by less than 1 part in 10^8.
 * @tick: the resolution of the coarse clock in ns; UINT64_MAX: do not use it.
 * @ahead: ns of refill that a bucket may owe, through delays, penalties or other nodes.
 * Returns 0, or -EINVAL with *@rate unchanged if the refill is out of the bounds of config.h.
 */
int tg_rate_compile(const struct tg_refill *refill, uint64_t tick, uint64_t ahead,
		    struct tg_rate *rate);

#endif
