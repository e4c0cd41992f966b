/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A compiled policy: the bytes of the maps, and what must be known to publish them. */
#ifndef TG_POLICY_COMPILED_H
#define TG_POLICY_COMPILED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

#include "config/config.h"

/* A mask of hooks means the same on both sides. */
_Static_assert(TG_CONFIG_XDP == 1 << TG_HOOK_XDP &&
		       TG_CONFIG_TC_INGRESS == 1 << TG_HOOK_TC_INGRESS &&
		       TG_CONFIG_TC_EGRESS == 1 << TG_HOOK_TC_EGRESS &&
		       TG_CONFIG_HOOKS_N == TG_HOOKS,
	       "hooks");

struct tg_list_entry {
	struct tg_lpm_key key;
	struct tg_listed value;
};

/* An entry of the maps by address: the limits that are met where no longer prefix holds. */
struct tg_address_entry {
	struct tg_lpm_key key;
	uint64_t limits;
};

struct tg_address_entries {
	struct tg_address_entry *items;
	size_t n;
};

struct tg_compiled {
	struct tg_policy policy;
	struct tg_limit_record records[TG_LIMITS_MAX];
	struct tg_admission
		admissions[TG_LIMITS_MAX];    /* their states are carried over when published */
	uint32_t slots[TG_CONFIG_LIMITS_MAX]; /* by place in the configuration */
	uint64_t fresh;			      /* slots given to limits that did not exist before */
	bool rates_changed;		      /* live buckets are to be converted */
	bool shares_names;		      /* with other nodes: see shape_of() */
	bool limits_removed;		      /* buckets of unknown ids are to be taken out */
	uint32_t next_serial;
	struct tg_list_entry *lists; /* in order of writing: a later one replaces an earlier */
	size_t lists_n;
	struct tg_address_entries sources, destinations; /* the maps of these names */
	uint64_t source_ports[TG_FIELD_VALUES];		 /* likewise */
	uint64_t destination_ports[TG_FIELD_VALUES];
	uint64_t lengths[TG_FIELD_VALUES];
};

#endif
