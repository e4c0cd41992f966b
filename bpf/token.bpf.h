/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens of buckets that are a lone state word, shared by all CPUs: see tg_gcra_take(). */
#ifndef TG_TOKEN_BPF_H
#define TG_TOKEN_BPF_H

#include <tidegate/gcra.h>
#include "maps.bpf.h"

/*
 * Takes a token if there is one. A refusal stores nothing, except after a
 * clock that went back, so that a flood on many CPUs only reads
 * the cache line and does not pass it around. False also after @tries lost races.
 */
static __always_inline bool tg_take_token(__u64 *word, const struct tg_rate *rate, int tries)
{
	__u64 old, next;
	bool taken;
	int try;

	for (try = 0; try < tries; try++) {
		old = *(const volatile __u64 *)word;
		taken = tg_gcra_take(rate, old, tg_gcra_clock(rate, tg_now(rate->clock)), &next);
		if (next == old)
			return false;
		if (__sync_val_compare_and_swap(word, old, next) == old)
			return taken;
	}
	return false;
}

/* True if there is a token now. */
static __always_inline bool tg_has_token(const __u64 *word, const struct tg_rate *rate)
{
	__u64 state = *(const volatile __u64 *)word, next;

	return tg_gcra_take(rate, state, tg_gcra_clock(rate, tg_now(rate->clock)), &next);
}

#endif
