/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the entry of a configuration that applies to a network interface. */
#ifndef TG_CONFIG_INTERFACES_H
#define TG_CONFIG_INTERFACES_H

#include <stdbool.h>

#include "config/config.h"

/* Returns whether the name in a configuration is a pattern, glob(7). */
bool tg_interface_is_glob(const char *name);

/*
 * Returns whether the entry's name is, or its pattern fits, what interfaces of tunnels and PPP are
 * usually called.
 */
bool tg_interface_may_be_tunnel(const struct tg_config_interface *interface);

/*
 * Returns the entry for the interface called @name: the one with that name, else the first whose
 * pattern fits, else NULL. It points into @config.
 */
const struct tg_config_interface *tg_interfaces_match(const struct tg_config *config,
						      const char *name);

#endif
