/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warns of what is allowed but probably a mistake, for `tidegate check`. */
#ifndef TG_EXPLAIN_LINT_H
#define TG_EXPLAIN_LINT_H

#include "config/config.h"

/* Adds all warnings about a valid configuration to @diagnostics, and sorts it by place. */
void tg_lint(const struct tg_config *config, struct tg_diagnostics *diagnostics);

/* Adds those about the hooks and the excess of limit number @i, from 0. Part of tg_lint(). */
void tg_lint_excess(const struct tg_config *config, size_t i, struct tg_diagnostics *diagnostics);

/* Adds those about limit number @i shutting out an operator who uses SSH. Part of tg_lint(). */
void tg_lint_lockout(const struct tg_config *config, size_t i, struct tg_diagnostics *diagnostics);

/* Adds those about the limits' room in the table. Part of tg_lint(). */
void tg_lint_table(const struct tg_config *config, struct tg_diagnostics *diagnostics);

/* Returns the ns in which an empty bucket refills the tokens of the largest packet. */
double tg_lint_packet_time(const struct tg_config_limit *limit);

/* Writes a time in whole ms to @text, or exactly if it is less than 1 ms, and returns @text. */
const char *tg_lint_format_time(double ns, char *text, size_t size);

/* Adds those about shared limits and the cluster. Part of tg_lint(). */
void tg_lint_shared(const struct tg_config *config, struct tg_diagnostics *diagnostics);

/*
 * Returns tg_shared_excess() of a shared limit, in tokens, for @nodes nodes. They are admitted only
 * once, because the nodes pay for them afterwards. A stepped refill counts with the whole steps
 * that can fall into S.
 */
double tg_lint_shared_bound(const struct tg_config *config, const struct tg_config_limit *limit,
			    uint32_t nodes);

#endif
