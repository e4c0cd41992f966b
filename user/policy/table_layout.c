// SPDX-License-Identifier: GPL-2.0-or-later
/* Lays out the table of buckets and derives the secrets of its hash. */
#include "policy/table_layout.h"

#include <string.h>
#include <tidegate/name_hash.h>

void tg_table_design(struct tg_table *table, uint32_t size, const __u64 hash_key[2])
{
	static const char purpose[2][32] = {"tidegate table, sets 0 to 3",
					    "tidegate table, sets 4"};
	struct tg_address made[2] = {
		tg_name_hash(hash_key, purpose[0], sizeof(purpose[0])),
		tg_name_hash(hash_key, purpose[1], sizeof(purpose[1])),
	};

	tg_table_lay_out(table, size);
	memcpy(table->secrets, made, sizeof(table->secrets));
	table->factor = made[1].low | 1;
}
