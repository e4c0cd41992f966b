/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The words of a configuration for the values of its enums. The reader and all printers use them.
 */
#ifndef TG_CONFIG_NAMES_H
#define TG_CONFIG_NAMES_H

#include "config/config.h"

/* One table for each enum, in the order of its values, with NULL behind the last. */
extern const char *const tg_hook_names[];
extern const char *const tg_xdp_mode_names[];
extern const char *const tg_unit_names[];
extern const char *const tg_action_names[];
extern const char *const tg_store_loss_names[];

/*
 * The words of `per`: those of enum tg_config_per, then two that are flags of a limit and can be
 * written beside them.
 */
enum { TG_PER_PORT = TG_CONFIG_PER_KEY + 1, TG_PER_PROTOCOL };
extern const char *const tg_per_names[];

/* Returns "xdp", "tc-ingress" or "tc-egress". @hook: the number of a bit in a mask of hooks. */
static inline const char *tg_hook_name(unsigned int hook)
{
	return tg_hook_names[hook];
}

/* Returns "packets", "bytes" or "connections". */
static inline const char *tg_unit_name(enum tg_config_unit unit)
{
	return tg_unit_names[unit];
}

/* Returns "drop", "mark", "delay" or "reject". */
static inline const char *tg_action_name(enum tg_config_action action)
{
	return tg_action_names[action];
}

/* Returns "split", "hold", "local" or "open". */
static inline const char *tg_store_loss_name(enum tg_store_loss loss)
{
	return tg_store_loss_names[loss];
}

#endif
