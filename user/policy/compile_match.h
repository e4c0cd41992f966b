/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the compiler that makes masks from matches. Only compile.c uses it. */
#ifndef TG_POLICY_COMPILE_MATCH_H
#define TG_POLICY_COMPILE_MATCH_H

#include "policy/compiled.h"

/*
 * Sets @bit, that of the limit, in the masks of protocols, flags, types, fragments, ports and
 * lengths that its match includes.
 */
void tg_policy_compile_match(const struct tg_config_limit *limit, uint64_t bit,
			     struct tg_compiled *compiled);

/*
 * Makes the entries for source and destination addresses, of all limits. Needs compiled->slots, and
 * must come after tg_policy_compile_match() of each limit. Returns 0 or -ENOMEM.
 */
int tg_policy_compile_addresses(const struct tg_config *config, struct tg_compiled *compiled);

#endif
