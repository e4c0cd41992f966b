// SPDX-License-Identifier: GPL-2.0-or-later
/* The tables of words for the enums of a configuration. */
#include "config/names.h"

/*
 * Asserts that a table has a word for each value up to @last, the last one of the enum, and NULL.
 */
#define CHECK_NAMES(names, last)                                                                   \
	_Static_assert(sizeof(names) / sizeof(names[0]) == (last) + 2, "a name for each, and NULL")

const char *const tg_hook_names[] = {
	"xdp",
	"tc-ingress",
	"tc-egress",
	NULL,
};
CHECK_NAMES(tg_hook_names, TG_CONFIG_HOOKS_N - 1);

const char *const tg_xdp_mode_names[] = {
	[TG_XDP_AUTO] = "auto",
	[TG_XDP_NATIVE] = "native",
	[TG_XDP_GENERIC] = "generic",
	NULL,
};
CHECK_NAMES(tg_xdp_mode_names, TG_XDP_GENERIC);

const char *const tg_per_names[] = {
	[TG_CONFIG_PER_SOURCE] = "source",
	[TG_CONFIG_PER_DESTINATION] = "destination",
	[TG_CONFIG_PER_EVERYONE] = "everyone",
	[TG_CONFIG_PER_KEY] = "key",
	[TG_PER_PORT] = "destination_port",
	[TG_PER_PROTOCOL] = "protocol",
	NULL,
};
CHECK_NAMES(tg_per_names, TG_PER_PROTOCOL);

const char *const tg_unit_names[] = {
	[TG_CONFIG_PACKETS] = "packets",
	[TG_CONFIG_BYTES] = "bytes",
	[TG_CONFIG_CONNECTIONS] = "connections",
	NULL,
};
CHECK_NAMES(tg_unit_names, TG_CONFIG_CONNECTIONS);

const char *const tg_action_names[] = {
	[TG_CONFIG_DROP] = "drop",
	[TG_CONFIG_MARK] = "mark",
	[TG_CONFIG_DELAY] = "delay",
	[TG_CONFIG_REJECT] = "reject",
	NULL,
};
CHECK_NAMES(tg_action_names, TG_CONFIG_REJECT);

const char *const tg_store_loss_names[] = {
	[TG_STORE_LOSS_SPLIT] = "split",
	[TG_STORE_LOSS_HOLD] = "hold",
	[TG_STORE_LOSS_LOCAL] = "local",
	[TG_STORE_LOSS_OPEN] = "open",
	NULL,
};
CHECK_NAMES(tg_store_loss_names, TG_STORE_LOSS_OPEN);
