/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Derives limits from a profile that would have refused nothing to all but a few of the sources. */
#ifndef TG_REPLAY_SUGGESTION_H
#define TG_REPLAY_SUGGESTION_H

#include <stddef.h>
#include <stdint.h>

#include "replay/profile.h"

#define TG_SUGGESTIONS_MAX 10

/* One limit. A source's rate is that of its busiest TG_PROFILE_WINDOW. */
struct tg_suggestion {
	const struct tg_profile_kind *kind; /* the profile's */
	size_t sources;
	uint64_t median, most; /* packets in the busiest window: of half the sources at most, */
	uint64_t quantile;     /* of all, and of the share that must not notice */
	size_t rate;	       /* index of the profile's refills */
	uint64_t burst;	       /* tokens that this share needs at that rate */
	uint64_t capacity;     /* tokens: `burst`, rounded up */
	size_t limited;	       /* sources that would have been refused something */
};

/*
 * Fills @suggestions (room for TG_SUGGESTIONS_MAX) with a limit for each kind of traffic that has
 * one packet in 100 or more, busiest first; *@n gets how many. Sorts the kinds of @profile, which
 * must outlive the suggestions. @quantile: share of sources, over 0 and up to 1, that must not
 * notice the limit. Returns 0 or -ENOMEM.
 */
int tg_suggest(struct tg_profile *profile, double quantile, struct tg_suggestion *suggestions,
	       size_t *n);

/*
 * Returns the smallest whole number that is not below @n and is 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6 or
 * 8 times a power of ten.
 */
uint64_t tg_round_up(uint64_t n);

#endif
