/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where everything lies in a table of buckets, see <tidegate/table.h>. Pure. */
#ifndef TG_POLICY_TABLE_LAYOUT_H
#define TG_POLICY_TABLE_LAYOUT_H

#include <stdint.h>
#include <tidegate/table.h>

/* Lays out a table of @size buckets and derives its secrets from those of the maps. */
void tg_table_design(struct tg_table *table, uint32_t size, const __u64 hash_key[2]);

#endif
