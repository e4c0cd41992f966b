/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which interfaces a configuration names, or has a pattern for. */
#ifndef TG_CONFIG_INTERFACES_H
#define TG_CONFIG_INTERFACES_H

#include <stdbool.h>

#include "config/config.h"

/* The configuration has a pattern (glob(7)) in place of a name. */
bool tg_interface_is_glob(const char *name);

/*
 * The entry of the configuration for an interface of that name, or NULL: the one that names
 * it, else the first whose pattern fits.
 */
const struct tg_config_interface *tg_interfaces_match(const struct tg_config *config,
						      const char *name);

#endif
