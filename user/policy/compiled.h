/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compiled policy: the bytes of the maps, and what publishing them needs to know. */
#ifndef TG_POLICY_COMPILED_H
#define TG_POLICY_COMPILED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

#include "config/config.h"
#include "policy/contents.h"

/* A mask of hooks means the same on both sides. */
_Static_assert(TG_CONFIG_XDP == 1 << TG_HOOK_XDP &&
		       TG_CONFIG_TC_INGRESS == 1 << TG_HOOK_TC_INGRESS &&
		       TG_CONFIG_TC_EGRESS == 1 << TG_HOOK_TC_EGRESS &&
		       TG_CONFIG_HOOKS_N == TG_HOOKS,
	       "hooks");

/* Freed by tg_compiled_free(). Masks of limits have a bit a slot. */
struct tg_compiled {
	const struct tg_config *config; /* that it was made from, as an owner of it */
	struct tg_policy policy;
	struct tg_limit_record records[TG_LIMITS_MAX];
	struct tg_admission
		admissions[TG_LIMITS_MAX]; /* publishing copies their states from the last bank */
	uint32_t slots[TG_CONFIG_LIMITS_MAX]; /* by index in the configuration */
	uint64_t fresh;		     /* mask of slots of limits that did not exist before */
	bool rates_changed;	     /* live buckets must be converted */
	bool shares_names;	     /* tg_config_shares_names() */
	bool limits_removed;	     /* buckets of ids that are gone must be removed */
	uint32_t next_serial;	     /* for tg_meta, after the new limits */
	struct tg_contents contents; /* of the maps of lists and matches */
};

#endif
