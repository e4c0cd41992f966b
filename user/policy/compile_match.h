/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the compiler that turns conditions into masks; used by policy.c alone. */
#ifndef TG_POLICY_COMPILE_MATCH_H
#define TG_POLICY_COMPILE_MATCH_H

#include "policy/compiled.h"

/* Sets the limit's @bit in every mask that it meets, but for those of addresses. */
void tg_policy_compile_match(const struct tg_config_limit *limit, uint64_t bit,
			     struct tg_compiled *compiled);

/* The masks of addresses, of all limits together; slots are known. 0 or -ENOMEM. */
int tg_policy_compile_addresses(const struct tg_config *config, struct tg_compiled *compiled);

#endif
