/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The part of the compiler that makes masks from matches. Only compile.c uses it. */
#ifndef TG_POLICY_COMPILE_MATCH_H
#define TG_POLICY_COMPILE_MATCH_H

#include "policy/compiled.h"

/*
 * Sets @bit, that of the limit, in the masks of protocols, flags, types and fragments that its
 * match includes.
 */
void tg_policy_compile_match(const struct tg_config_limit *limit, uint64_t bit,
			     struct tg_policy *policy);

/*
 * Makes the contents of the maps of ports, lengths and addresses, or shares those of @previous
 * (NULL: none). Needs compiled->config and slots, and must come after tg_policy_compile_match() of
 * each limit. Returns 0 or -ENOMEM.
 */
int tg_policy_compile_contents(const struct tg_compiled *previous, struct tg_compiled *compiled);

#endif
