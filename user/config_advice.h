/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is allowed and hardly meant, seen over all limits together: for `tidegate check`. */
#ifndef TG_CONFIG_ADVICE_H
#define TG_CONFIG_ADVICE_H

#include "config.h"

/* Adds warnings, in the order of their places. */
void tg_config_advise(const struct tg_config *config, struct tg_diagnostics *diagnostics);

/* The part of it that is about the hooks of limit number @i, and what exceeds it. */
void tg_config_advise_excess(const struct tg_config *config, size_t i,
			     struct tg_diagnostics *diagnostics);

/* The part of it that is about who is shut out by limit number @i: perhaps the operator. */
void tg_config_advise_lockout(const struct tg_config *config, size_t i,
			      struct tg_diagnostics *diagnostics);

/* The part of it that is about sharing limits. */
void tg_config_advise_shared(const struct tg_config *config, struct tg_diagnostics *diagnostics);

/*
 * The most tokens that each further node can admit beyond a shared limit before it hears of the
 * others: once, since that is made up for afterwards. B + R S, as in docs/shared-limits.md.
 */
double tg_config_shared_excess(const struct tg_config *config, const struct tg_config_limit *limit);

#endif
