/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * SipHash-2-4 with 128 bits (Aumasson and Bernstein) of the keys that applications name, for the
 * library and for the daemon. Without the secret nobody can make two names meet. By chance one of
 * a million names meets another with a probability of 2^-108 (10^-33), and then the two share a
 * bucket.
 */
#ifndef TIDEGATE_NAME_HASH_H
#define TIDEGATE_NAME_HASH_H

#include <endian.h>
#include <stddef.h>
#include <string.h>

#include "keyed_hash.h"

static inline void tg_sip_absorb_twice(struct tg_sip *sip, __u64 word)
{
	sip->d ^= word;
	tg_sip_round(sip);
	tg_sip_round(sip);
	sip->a ^= word;
}

static inline __u64 tg_sip_squeeze(struct tg_sip *sip)
{
	int i;

	for (i = 0; i < 4; i++)
		tg_sip_round(sip);
	return sip->a ^ sip->b ^ sip->c ^ sip->d;
}

/* Hashes a name: 16 bytes, in SipHash's order. */
static inline struct tg_address tg_name_hash(const __u64 secret[2], const void *name, size_t length)
{
	struct tg_sip sip = {
		.a = secret[0] ^ 0x736f6d6570736575ULL,
		.b = secret[1] ^ 0x646f72616e646f6dULL ^ 0xee,
		.c = secret[0] ^ 0x6c7967656e657261ULL,
		.d = secret[1] ^ 0x7465646279746573ULL,
	};
	const unsigned char *bytes = name;
	size_t whole = length & ~(size_t)7, i;
	struct tg_address hash;
	__u64 word;

	for (i = 0; i < whole; i += 8) {
		memcpy(&word, bytes + i, 8);
		tg_sip_absorb_twice(&sip, le64toh(word));
	}
	word = 0;
	memcpy(&word, bytes + whole, length - whole);
	tg_sip_absorb_twice(&sip, le64toh(word) | (__u64)length << 56);
	sip.c ^= 0xee;
	hash.high = htole64(tg_sip_squeeze(&sip));
	sip.b ^= 0xdd;
	hash.low = htole64(tg_sip_squeeze(&sip));
	return hash;
}

/*
 * Derives the secret of tg_name_hash() from the secret of the maps, which cannot be computed back.
 */
static inline void tg_name_key(const __u64 hash_key[2], __u64 name_key[2])
{
	static const char purpose[] = "tidegate keys of applications";
	struct tg_address made = tg_name_hash(hash_key, purpose, sizeof(purpose));

	name_key[0] = made.high;
	name_key[1] = made.low;
}

#endif
