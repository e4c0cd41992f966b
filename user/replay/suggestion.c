// SPDX-License-Identifier: GPL-2.0-or-later
/* Computes a rate and a capacity for each main kind of traffic of a profile. */
#include "replay/suggestion.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"

#define LEAST_SHARE    100   /* a kind with less than 1 packet in 100 gets no limit */
#define EPHEMERAL_PORT 32768 /* first port of Linux clients */
#define ANSWERS_FROM   3     /* packets there from fewer sources are taken as answers to our own */

uint64_t tg_round_up(uint64_t n)
{
	static const unsigned int tenths[] = {10, 12, 15, 20, 25, 30, 40, 50, 60, 80};
	uint64_t power;
	size_t i;

	for (power = 1;; power *= 10)
		for (i = 0; i < sizeof(tenths) / sizeof(tenths[0]); i++)
			if (tenths[i] * power % 10 == 0 && tenths[i] * power / 10 >= n)
				return tenths[i] * power / 10;
}

static int ascending(const void *a, const void *b)
{
	const uint64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Returns the value that the share @quantile of the sorted @values does not exceed. */
static uint64_t at_quantile(const uint64_t *values, size_t n, double quantile)
{
	size_t place = quantile * n;

	place += place < quantile * n;
	return values[place ? place - 1 : 0];
}

/* Fills @found (room for kind->sources) with the sources of a kind, and returns how many. */
static size_t sources_of(const struct tg_profile *profile, const struct tg_profile_kind *kind,
			 const struct tg_profile_source **found)
{
	const struct tg_profile_source *source;
	size_t n = 0;

	for (source = profile->sources; source; source = source->hh.next)
		if (source->key.kind == kind->id)
			found[n++] = source;
	return n;
}

/* Returns the index of the lowest rate that gives @packets in a window, or of the highest rate. */
static size_t rate_above(const struct tg_profile *profile, uint64_t packets)
{
	const struct tg_refill *refill = profile->refills;
	size_t i = 0;

	while (i + 1 < TG_PROFILE_RATES && (double)refill[i].amount * TG_PROFILE_WINDOW * 1e9 <
						   (double)packets * refill[i].interval)
		i++;
	return i;
}

static void measure(const struct tg_profile *profile, const struct tg_profile_source **sources,
		    uint64_t *values, double quantile, struct tg_suggestion *suggestion)
{
	size_t n = suggestion->sources, i;

	for (i = 0; i < n; i++)
		values[i] = sources[i]->busiest;
	qsort(values, n, sizeof(*values), ascending);
	suggestion->median = at_quantile(values, n, 0.5);
	suggestion->most = values[n - 1];
	suggestion->quantile = at_quantile(values, n, quantile);
	suggestion->rate = rate_above(profile, suggestion->quantile);
	for (i = 0; i < n; i++)
		values[i] = tg_profile_burst(profile, sources[i], suggestion->rate);
	qsort(values, n, sizeof(*values), ascending);
	suggestion->burst = at_quantile(values, n, quantile);
	suggestion->capacity = tg_round_up(suggestion->burst);
	for (i = 0; i < n; i++)
		suggestion->limited += values[i] > suggestion->capacity;
}

static int suggest_one(const struct tg_profile *profile, const struct tg_profile_kind *kind,
		       double quantile, struct tg_suggestion *suggestion)
{
	tg_autofree const struct tg_profile_source **sources =
		calloc(kind->sources, sizeof(*sources));
	tg_autofree uint64_t *values = calloc(kind->sources, sizeof(*values));

	if (!sources || !values)
		return -ENOMEM;
	*suggestion = (struct tg_suggestion){.kind = kind};
	suggestion->sources = sources_of(profile, kind, sources);
	measure(profile, sources, values, quantile, suggestion);
	return 0;
}

static bool is_answers(const struct tg_profile *profile, const struct tg_profile_kind *kind)
{
	return profile->per == TG_CONFIG_PER_SOURCE && kind->has_port &&
	       kind->port >= EPHEMERAL_PORT && kind->sources < ANSWERS_FROM;
}

int tg_suggest(struct tg_profile *profile, double quantile, struct tg_suggestion *suggestions,
	       size_t *n)
{
	struct tg_profile_kind *kind;
	int error = 0;

	*n = 0;
	tg_profile_sort_kinds(profile);
	for (kind = profile->kinds; kind && *n < TG_SUGGESTIONS_MAX; kind = kind->hh.next) {
		if (kind->packets * LEAST_SHARE < profile->packets)
			break;
		if (kind->closed || !kind->sources || is_answers(profile, kind))
			continue;
		error = suggest_one(profile, kind, quantile, &suggestions[*n]);
		if (error)
			return error;
		++*n;
	}
	return 0;
}
