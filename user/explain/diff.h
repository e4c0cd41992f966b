/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changes from one configuration to another, in words, and what that does to live buckets. */
#ifndef TG_EXPLAIN_DIFF_H
#define TG_EXPLAIN_DIFF_H

#include <jansson.h>

#include "config/config.h"

/*
 * An array of {"what": "limit" | "interface" | "allow" | "deny" | "table" | "on_stop" | "cluster",
 * "name", "change": "added" | "removed" | "changed", "details": [sentence, ...]}; empty when
 * nothing would change. @buckets tells how many live buckets a limit of @from has. NULL when out of
 * memory.
 */
json_t *tg_config_diff(const struct tg_config *from, const struct tg_config *to,
		       uint64_t (*buckets)(const void *data, const char *limit), const void *data);

#endif
