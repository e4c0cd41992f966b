/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what sources ask for to limits that all but a few of them would not notice. */
#ifndef TG_REPLAY_SUGGESTION_H
#define TG_REPLAY_SUGGESTION_H

#include <stddef.h>
#include <stdint.h>

#include "replay/profile.h"

#define TG_SUGGESTIONS_MAX 10

/* One limit. The sources' rates are those of their busiest TG_PROFILE_WINDOW. */
struct tg_suggestion {
	const struct tg_profile_kind *kind;
	size_t sources;
	uint64_t median, most; /* packets in the busiest window: of half the sources, of all, */
	uint64_t quantile;     /* and of the share that is to be left alone */
	size_t rate;	       /* index of the refill */
	uint64_t burst;	       /* tokens that the share needs at that rate */
	uint64_t capacity;     /* that, rounded up */
	size_t limited;	       /* sources that it would refuse something */
};

/*
 * The limits for the kinds of traffic that are most of what was measured, busiest first, to
 * @suggestions (TG_SUGGESTIONS_MAX). @quantile: share of sources, over 0 and up to 1, that must
 * not notice. 0 with *@n, or -ENOMEM.
 */
int tg_suggest(struct tg_profile *profile, double quantile, struct tg_suggestion *suggestions,
	       size_t *n);

/* The smallest of 1, 1.2, 1.5, 2, 2.5, 3, 4, 5, 6 and 8 times a power of ten that is whole and not
 * below @n. */
uint64_t tg_round_up(uint64_t n);

#endif
