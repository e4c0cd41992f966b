/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiler: makes from a configuration exactly the bytes that the packet programs read. Pure:
 * no system call, no clock. Only policy/ knows both sides.
 */
#ifndef TG_POLICY_COMPILE_H
#define TG_POLICY_COMPILE_H

#include <stdint.h>
#include <tidegate/abi.h>

#include "policy/compiled.h"
#include "config/config.h"

/*
 * Compiles @config to follow the policy in force.
 * @records: TG_LIMITS_MAX records in force, by slot; all zero at the first start.
 * @meta: of the maps; at the first start zero, but for TG_ABI_VERSION and a next_serial of 1.
 * @bank: the bank that the new generation will use.
 * @tick: the resolution of the coarse clock in ns; UINT64_MAX: programs do not use that clock.
 * @previous: the policy in force, or NULL. Contents of maps that come out the same are shared with
 * it, instead of being made again.
 * A limit of the same name keeps its slot, and its id unless its buckets are keyed by something
 * else. Returns 0 with a *@compiled that the caller frees, -ENOMEM, -ENOSPC if no slot is free, or
 * -EINVAL for a refill out of bounds, which validation excludes. Leaves *@compiled unchanged on
 * failure.
 */
int tg_policy_compile(const struct tg_config *config, const struct tg_limit_record *records,
		      const struct tg_meta *meta, uint32_t bank, uint64_t tick,
		      const struct tg_compiled *previous, struct tg_compiled **compiled);

/* Frees *@compiled, which may be NULL, and sets it to NULL. */
void tg_compiled_free(struct tg_compiled **compiled);

/* Returns a mask, in network byte order, of the first @length (0..128) bits of an address. */
struct tg_address tg_address_mask(unsigned int length);

#endif
