/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The rules of the allow and deny lists, for BPF and host. The longest prefix decides, over the
 * configuration and the dynamic entries together. At the same length allow wins.
 */
#ifndef TIDEGATE_LISTS_H
#define TIDEGATE_LISTS_H

#include <stdbool.h>
#include <tidegate/abi.h>

/*
 * Expired entries behind which a shorter one is looked up. The daemon removes expired entries, so
 * more around one address are rare.
 */
#define TG_EXPIRED_MAX 8

/* IPv4 lies in ::ffff:0:0/96. Shorter prefixes hold for IPv6 alone. */
#define TG_IPV4_PREFIX_LENGTH 96

/* True if the entry's meaning depends on the time. */
static inline bool tg_entry_ends(const struct tg_entry *entry)
{
	return (entry->allow.until && entry->allow.until != TG_NO_END) ||
	       (entry->deny.until && entry->deny.until != TG_NO_END);
}

/* Returns the entry's enum tg_list at @now (ns; any value if the entry does not end). */
static inline __u32 tg_entry_list(const struct tg_entry *entry, __u64 now)
{
	if (entry->allow.until > now)
		return TG_LIST_ALLOW;
	return entry->deny.until > now ? TG_LIST_DENY : TG_LIST_NEITHER;
}

/* True if @a decides and not @b. */
static inline bool tg_listed_decides(const struct tg_listed *a, const struct tg_listed *b)
{
	if (a->list == TG_LIST_NEITHER || b->list == TG_LIST_NEITHER)
		return a->list != TG_LIST_NEITHER;
	if (a->prefix_length != b->prefix_length)
		return a->prefix_length > b->prefix_length;
	return a->list == TG_LIST_ALLOW && b->list == TG_LIST_DENY;
}

#endif
