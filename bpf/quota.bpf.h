/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Room for the buckets of each limit; <tidegate/quota.h> has the rules. Only what inserts a bucket
 * or takes one out comes here, never the charge of a bucket that is there.
 */
#ifndef TG_QUOTA_BPF_H
#define TG_QUOTA_BPF_H

#include "table.bpf.h"

static __always_inline __u64 *tg_quota_of(__u32 slot)
{
	union tg_table_line *line;

	slot &= TG_LIMITS_MAX - 1;
	line = tg_table_line_at(TG_TABLE_FIRST_QUOTA + slot / TG_QUOTAS_PER_LINE);
	return line ? &line->quotas[slot % TG_QUOTAS_PER_LINE] : NULL;
}

/* Takes room for a bucket of the limit in @slot. 0, -ENOSPC or -EAGAIN. */
static __always_inline int tg_room_take(__u32 slot)
{
	union tg_table_line *head = tg_table_line_at(0);
	__u64 *quota = tg_quota_of(slot);

	if (!head || !quota)
		return -ENOSPC;
	switch (tg_quota_take(quota, &head->head.open)) {
	case TG_QUOTA_TAKEN:
		return 0;
	case TG_QUOTA_FULL:
		return -ENOSPC;
	default:
		return -EAGAIN;
	}
}

static __always_inline void tg_room_give(__u32 slot)
{
	union tg_table_line *head = tg_table_line_at(0);
	__u64 *quota = tg_quota_of(slot);

	if (head && quota)
		tg_quota_give(quota, &head->head.open);
}

#endif
