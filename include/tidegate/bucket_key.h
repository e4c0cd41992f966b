/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Builds the key under which a limit has the bucket of an address, for BPF and host. */
#ifndef TIDEGATE_BUCKET_KEY_H
#define TIDEGATE_BUCKET_KEY_H

#include <stdbool.h>
#include <tidegate/abi.h>

/*
 * Fills *@key for a bucket of @limit. @address: in full, the limit's mask is applied here. @port
 * (network byte order) and @protocol: those of the packet, or 0 if the limit does not tell them
 * apart. @kind: enum tg_key_kind.
 */
static inline __attribute__((always_inline)) void
tg_make_key(struct tg_bucket_key *key, const struct tg_limit *limit,
	    const struct tg_address *address, bool is_ipv4, __u64 port, __u64 protocol, __u64 kind)
{
	const struct tg_address *mask = is_ipv4 ? &limit->mask4 : &limit->mask6;
	__u64 rest = limit->id;

	/*
	 * One store: the hash reads 64-bit words, and a load of a word just written by narrow
	 * stores stalls.
	 */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	rest |= port << 32 | protocol << 48 | kind << 56;
#else
	rest = rest << 32 | port << 16 | protocol << 8 | kind;
#endif
	key->address.high = address->high & mask->high;
	key->address.low = address->low & mask->low;
	__builtin_memcpy(&key->limit_id, &rest, sizeof(rest));
}

/* Fills *@key for the bucket that holds all of an address, or a name, in @limit. */
static inline __attribute__((always_inline)) void tg_whole_key(struct tg_bucket_key *key,
							       const struct tg_limit *limit,
							       const struct tg_address *address,
							       bool is_ipv4)
{
	tg_make_key(key, limit, address, is_ipv4, 0, 0,
		    limit->per == TG_PER_KEY ? TG_KEY_NAME : TG_KEY_ADDRESS);
}

#endif
