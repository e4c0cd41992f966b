/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An independent token bucket in exact arithmetic, to hold the GCRA against: it keeps a
 * level and adds refills, knows nothing of TATs, and rounds nothing.
 */
#ifndef TG_TEST_REFERENCE_H
#define TG_TEST_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"

typedef unsigned __int128 wide;

/* Stepped: the level counts tokens, `at` timer ticks. Continuous: tokens * interval, and ns. */
struct reference {
	struct tg_refill refill;
	wide level, full;
	uint64_t at;
};

static inline uint64_t reference_clock(const struct reference *reference, uint64_t now)
{
	return reference->refill.continuous ? now : now / reference->refill.interval;
}

static inline struct reference reference_new(const struct tg_refill *refill, uint64_t now)
{
	struct reference made = {.refill = *refill};

	made.full =
		refill->continuous ? (wide)refill->capacity * refill->interval : refill->capacity;
	made.level = made.full;
	made.at = reference_clock(&made, now);
	return made;
}

/* A token per `interval / amount` ns is `amount` a ns in a level that counts 1/interval. */
static inline void reference_refill(struct reference *reference, uint64_t now)
{
	uint64_t clock = reference_clock(reference, now);
	wide room = reference->full - reference->level;
	wide refilled = (wide)(clock - reference->at) * reference->refill.amount;

	reference->level += refilled < room ? refilled : room;
	reference->at = clock;
}

static inline bool reference_charge(struct reference *reference, uint64_t now, uint64_t cost)
{
	wide price = reference->refill.continuous ? (wide)cost * reference->refill.interval : cost;

	reference_refill(reference, now);
	if (price > reference->level)
		return false;
	reference->level -= price;
	return true;
}

/* One charge as the packet path does it, without other CPUs. */
static inline bool gcra_charge(const struct tg_rate *rate, uint64_t *state, uint64_t now,
			       uint64_t cost)
{
	uint64_t clock = tg_gcra_clock(rate, now);
	__u64 deficit = tg_gcra_deficit(rate, *state, clock);
	bool admitted = tg_gcra_charge(rate, &deficit, cost);

	if (admitted || tg_gcra_implausible(rate, *state, clock))
		*state = tg_gcra_state(deficit, clock, 0);
	return admitted;
}

/* xorshift64* (Vigna 2016): the same schedule from the same seed. */
static inline uint64_t random_next(uint64_t *seed)
{
	*seed ^= *seed >> 12;
	*seed ^= *seed << 25;
	*seed ^= *seed >> 27;
	return *seed * 0x2545f4914f6cdd1dULL;
}

static inline uint64_t random_below(uint64_t *seed, uint64_t n)
{
	return n ? random_next(seed) % n : 0;
}

#endif
