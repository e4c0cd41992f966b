/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of a configuration for the values of its enums, for all that read or print them. */
#ifndef TG_CONFIG_NAMES_H
#define TG_CONFIG_NAMES_H

#include "config.h"

/* "xdp", "tc-ingress" or "tc-egress". @hook: enum tg_hook, the number of a bit in a mask of hooks. */
const char *tg_hook_name(unsigned int hook);

#endif
