/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is allowed and hardly meant, seen over all limits together: for `tidegate check`. */
#ifndef TG_CONFIG_ADVICE_H
#define TG_CONFIG_ADVICE_H

#include "config.h"

/* Adds warnings, in the order of their places. */
void tg_config_advise(const struct tg_config *config, struct tg_diagnostics *diagnostics);

#endif
