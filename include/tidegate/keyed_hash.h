/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * SipHash-1-3 (Aumasson and Bernstein, 2012; rounds as in the hash tables of Rust and Python) of a
 * bucket's key without its limit. BPF and host compile the same code, because they must agree on a
 * source's overflow bucket. A sender who chooses addresses and sees which of them share a bucket
 * learns nothing about others. A multiplication by a secret would reveal the secret.
 */
#ifndef TIDEGATE_KEYED_HASH_H
#define TIDEGATE_KEYED_HASH_H

#include "abi.h"

struct tg_sip {
	__u64 a, b, c, d;
};

static inline __attribute__((always_inline)) __u64 tg_rotate(__u64 word, int bits)
{
	return word << bits | word >> (64 - bits);
}

static inline __attribute__((always_inline)) void tg_sip_round(struct tg_sip *sip)
{
	sip->a += sip->b;
	sip->c += sip->d;
	sip->b = tg_rotate(sip->b, 13) ^ sip->a;
	sip->d = tg_rotate(sip->d, 16) ^ sip->c;
	sip->a = tg_rotate(sip->a, 32) + sip->d;
	sip->c += sip->b;
	sip->d = tg_rotate(sip->d, 21) ^ sip->a;
	sip->b = tg_rotate(sip->b, 17) ^ sip->c;
	sip->c = tg_rotate(sip->c, 32);
}

static inline __attribute__((always_inline)) void tg_sip_absorb(struct tg_sip *sip, __u64 word)
{
	sip->d ^= word;
	tg_sip_round(sip);
	sip->a ^= word;
}

static inline __attribute__((always_inline)) struct tg_sip
tg_sip_begin(const volatile __u64 secret[2])
{
	return (struct tg_sip){
		.a = secret[0] ^ 0x736f6d6570736575ULL,
		.b = secret[1] ^ 0x646f72616e646f6dULL,
		.c = secret[0] ^ 0x6c7967656e657261ULL,
		.d = secret[1] ^ 0x7465646279746573ULL,
	};
}

static inline __attribute__((always_inline)) __u64 tg_sip_end(struct tg_sip *sip)
{
	sip->c ^= 0xff;
	tg_sip_round(sip);
	tg_sip_round(sip);
	tg_sip_round(sip);
	return sip->a ^ sip->b ^ sip->c ^ sip->d;
}

#define TG_SIP_LENGTH 19ULL /* bytes: address, port, protocol */

/*
 * Hashes a bucket's key. On little-endian machines this is SipHash-1-3 of its 19 bytes in memory.
 */
static inline __attribute__((always_inline)) __u64 tg_key_hash(const volatile __u64 secret[2],
							       const struct tg_bucket_key *key)
{
	struct tg_sip sip = tg_sip_begin(secret);

	tg_sip_absorb(&sip, key->address.high);
	tg_sip_absorb(&sip, key->address.low);
	tg_sip_absorb(&sip, key->port | (__u64)key->protocol << 16 | TG_SIP_LENGTH << 56);
	return tg_sip_end(&sip);
}

/* Hashes one word. */
static inline __attribute__((always_inline)) __u64 tg_word_hash(const volatile __u64 secret[2],
								__u64 word)
{
	struct tg_sip sip = tg_sip_begin(secret);

	tg_sip_absorb(&sip, word);
	tg_sip_absorb(&sip, sizeof(word) << 56);
	return tg_sip_end(&sip);
}

/*
 * Returns the overflow bucket of a key, from @hash, which tg_table_hash_of() returns. In that hash
 * two keys meet by chance alone, and this one hides which: Carter and Wegman, 1981.
 */
static inline __attribute__((always_inline)) __u32 tg_overflow_index(const volatile __u64 secret[2],
								     __u32 limit_id, __u64 hash)
{
	return TG_LIMIT_SLOT(limit_id) * TG_OVERFLOW_PER_LIMIT +
	       (tg_word_hash(secret, hash) & (TG_OVERFLOW_PER_LIMIT - 1));
}

#endif
