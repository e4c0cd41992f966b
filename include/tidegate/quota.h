/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * Room in the table for each limit. A part of the table is reserved for a limit; what no limit has
 * reserved is open to all of them. A limit takes its own part first, then open room. So whatever
 * other limits hold, a limit that holds less than its part finds an entry.
 *
 * A quota is one word for each slot, so that both halves are read and changed at once: the buckets
 * that the slot holds, and above 32 bits how many entries are reserved for it. The word `open`
 * counts what is free and reserved for nobody:
 *
 *	open = size - all held - for each slot: reserved - held, if that is more than 0
 *
 * It is below 0 after a change that reserves more than is free: then buckets of limits that hold
 * more than their part have to go first. CPUs change these words at the same time. `open` is
 * lowered before a quota takes from it, and raised after one has given back, so at no time is more
 * handed out than there is. Only the daemon's program changes what is reserved.
 */
#ifndef TIDEGATE_QUOTA_H
#define TIDEGATE_QUOTA_H

#include <linux/types.h>

#define TG_QUOTA_TRIES 64 /* other CPUs insert for the same limit, or take open room */

enum tg_quota_result { TG_QUOTA_TAKEN, TG_QUOTA_FULL, TG_QUOTA_BUSY };

#define TG_QUOTA_HELD(quota)	 ((__u32)(quota))
#define TG_QUOTA_RESERVED(quota) ((__u32)((quota) >> 32))

/* Returns the entries that are reserved and not held. */
static inline __attribute__((always_inline)) __u32 tg_quota_unused(__u64 quota)
{
	__u32 held = TG_QUOTA_HELD(quota), reserved = TG_QUOTA_RESERVED(quota);

	return reserved > held ? reserved - held : 0;
}

/* Returns how many buckets more the limit could have. */
static inline __attribute__((always_inline)) __u64 tg_quota_room(__u64 quota, __s64 open)
{
	return tg_quota_unused(quota) + (open > 0 ? (__u64)open : 0);
}

static inline __attribute__((always_inline)) enum tg_quota_result tg_quota_try(__u64 *quota,
									       __s64 *open)
{
	__u64 before = *(volatile __u64 *)quota;
	__s64 left;

	if (tg_quota_unused(before))
		return __sync_val_compare_and_swap(quota, before, before + 1) == before
			       ? TG_QUOTA_TAKEN
			       : TG_QUOTA_BUSY;
	left = *(volatile __s64 *)open;
	if (left <= 0)
		return TG_QUOTA_FULL; /* without a store, which CPUs in a flood would wait for */
	if (__sync_val_compare_and_swap(open, left, left - 1) != left)
		return TG_QUOTA_BUSY;
	/* Gives open room back if a bucket of this limit has just gone. */
	if (tg_quota_unused(__sync_fetch_and_add(quota, 1)))
		__sync_fetch_and_add(open, 1);
	return TG_QUOTA_TAKEN;
}

/*
 * Takes room for one bucket. TG_QUOTA_FULL: the limit's part and the open room are taken.
 * TG_QUOTA_BUSY: other CPUs were faster each time.
 */
static inline __attribute__((always_inline)) enum tg_quota_result tg_quota_take(__u64 *quota,
										__s64 *open)
{
	enum tg_quota_result result = TG_QUOTA_BUSY;
	int try;

	for (try = 0; try < TG_QUOTA_TRIES && result == TG_QUOTA_BUSY; try++)
		result = tg_quota_try(quota, open);
	return result;
}

/* Gives the room of one bucket back. */
static inline __attribute__((always_inline)) void tg_quota_give(__u64 *quota, __s64 *open)
{
	__u64 before;

	if (!TG_QUOTA_HELD(*(volatile __u64 *)quota))
		return; /* a table that a test has filled by hand */
	before = __sync_fetch_and_add(quota, -1ULL);
	if (TG_QUOTA_HELD(before) > TG_QUOTA_RESERVED(before))
		__sync_fetch_and_add(open, 1);
}

/* Sets how many entries are reserved. Only one at a time may do so for a table. */
static inline __attribute__((always_inline)) void tg_quota_reserve(__u64 *quota, __s64 *open,
								   __u32 reserved)
{
	__s64 grows = (__s64)reserved - TG_QUOTA_RESERVED(*(volatile __u64 *)quota);
	__u64 before;

	if (!grows)
		return;
	if (grows > 0)
		__sync_fetch_and_add(open, -grows);
	before = __sync_fetch_and_add(quota, (__u64)grows << 32);
	__sync_fetch_and_add(open, (grows > 0 ? grows : 0) + (__s64)tg_quota_unused(before) -
					   (__s64)tg_quota_unused(before + ((__u64)grows << 32)));
}

#endif
