/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What changes from one configuration to another, in words, and what happens to live buckets. */
#ifndef TG_EXPLAIN_DIFF_H
#define TG_EXPLAIN_DIFF_H

#include <jansson.h>

#include "config/config.h"

/*
 * Returns an array of {"what": "limit" | "interface" | "allow" | "deny" | "table" | "on_stop" |
 * "cluster", "name", "change": "added" | "removed" | "changed", "details": [sentence, ...]}, which
 * the caller releases. It is empty if nothing would change. Returns NULL if out of memory.
 * buckets(@data, NAME) returns how many live buckets the limit NAME of @from has.
 */
json_t *tg_config_diff(const struct tg_config *from, const struct tg_config *to,
		       uint64_t (*buckets)(const void *data, const char *limit), const void *data);

#endif
