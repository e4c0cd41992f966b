/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The compiler: a configuration to exactly the bytes that the packet programs read. Pure:
 * no system call, no clock. The one place that knows both sides.
 */
#ifndef TG_POLICY_COMPILE_H
#define TG_POLICY_COMPILE_H

#include <stdint.h>
#include <tidegate/abi.h>

#include "policy/compiled.h"
#include "config/config.h"

/*
 * Compiles @config over what is in force: @records and @meta (all zero and TG_ABI_VERSION,
 * next_serial 1 at the first start). A limit of the same name keeps its slot and id.
 * @bank: where the generation will stand. @tick: the coarse clock's resolution in ns, or
 * UINT64_MAX: no limit is to read it. Returns 0, -EINVAL (a refill that cannot be represented,
 * which validation should have caught) or -ENOMEM.
 */
int tg_policy_compile(const struct tg_config *config, const struct tg_limit_record *records,
		      const struct tg_meta *meta, uint32_t bank, uint64_t tick,
		      struct tg_compiled **compiled);

void tg_compiled_free(struct tg_compiled **compiled);

/* The mask of the first @length of 128 bits. */
struct tg_address tg_address_mask(unsigned int length);

#endif
