/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the table of buckets is divided among the limits. Each limit has a part of its own, and
 * what is in no part is open to all of them. Pure.
 */
#ifndef TG_CONFIG_TABLE_PARTS_H
#define TG_CONFIG_TABLE_PARTS_H

#include "config/config.h"

/* In buckets. All of them together are table_size. */
struct tg_table_division {
	uint32_t reserved[TG_CONFIG_LIMITS_MAX]; /* by index in the configuration */
	uint32_t open;
};

/*
 * Divides the table. A limit with one bucket gets the place for it. The share table_reserve of all
 * other places is reserved: each limit with a table_share gets that, and those without one get
 * equal parts of the rest. Rounded down; what is left over is open. A table of fewer places
 * than limits has none for the last ones.
 */
void tg_config_divide_table(const struct tg_config *config, struct tg_table_division *division);

/* Returns whether all packets of the limit share one bucket, so that it never needs a second. */
bool tg_config_has_one_bucket(const struct tg_config_limit *limit);

#endif
