/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is allowed and hardly meant, seen over all limits together: for `tidegate check`. */
#ifndef TG_EXPLAIN_LINT_H
#define TG_EXPLAIN_LINT_H

#include "config/config.h"

/* Adds warnings, in the order of their places. */
void tg_lint(const struct tg_config *config, struct tg_diagnostics *diagnostics);

/* The part of it that is about the hooks of limit number @i, and what exceeds it. */
void tg_lint_excess(const struct tg_config *config, size_t i, struct tg_diagnostics *diagnostics);

/* The part of it that is about who is shut out by limit number @i: perhaps the operator. */
void tg_lint_lockout(const struct tg_config *config, size_t i, struct tg_diagnostics *diagnostics);

/* The part of it that is about sharing limits. */
void tg_lint_shared(const struct tg_config *config, struct tg_diagnostics *diagnostics);

/*
 * tg_shared_excess() of a shared limit, in tokens: once, since it is made up for afterwards. A
 * stepped refill counts with the whole steps that can fall into S.
 */
double tg_lint_shared_bound(const struct tg_config *config, const struct tg_config_limit *limit,
			    uint32_t nodes);

#endif
