/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The layout of a table of buckets, see <tidegate/table.h>, and the secrets of its hash. Pure. */
#ifndef TG_POLICY_TABLE_LAYOUT_H
#define TG_POLICY_TABLE_LAYOUT_H

#include <stdint.h>
#include <tidegate/table.h>

/*
 * Fills @table: the layout of a table of @size buckets, and the secrets of its hash, derived from
 * @hash_key of struct tg_meta. Cannot fail.
 */
void tg_table_design(struct tg_table *table, uint32_t size, const __u64 hash_key[2]);

#endif
