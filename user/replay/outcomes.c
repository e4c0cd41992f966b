// SPDX-License-Identifier: GPL-2.0-or-later
/* A hash table of sources by limit, which forgets the least refused half when it is full. */
#define HASH_NONFATAL_OOM 1
#include "replay/outcomes.h"

#include <errno.h>
#include <stdlib.h>

/* Most refused packets first; at the same number, most admitted first. */
static int by_refused(const struct tg_outcome *a, const struct tg_outcome *b)
{
	if (a->refused != b->refused)
		return a->refused < b->refused ? 1 : -1;
	return (a->admitted < b->admitted) - (a->admitted > b->admitted);
}

/* Lossy counting (Manku and Motwani, 2002): short_by bounds the refusals that are lost. */
static void forget_half(struct tg_outcomes *sources)
{
	struct tg_outcome *source, *next;
	size_t kept = 0;

	HASH_SORT(sources->table, by_refused);
	HASH_ITER(hh, sources->table, source, next)
	{
		if (++kept <= TG_OUTCOMES_MAX / 2)
			continue;
		if (source->refused > sources->short_by)
			sources->short_by = source->refused;
		sources->forgotten++;
		HASH_DEL(sources->table, source);
		free(source);
	}
}

static struct tg_outcome *add(struct tg_outcomes *sources, const struct tg_outcome_key *key)
{
	struct tg_outcome *source;

	if (HASH_COUNT(sources->table) >= TG_OUTCOMES_MAX)
		forget_half(sources);
	source = calloc(1, sizeof(*source));
	if (!source)
		return NULL;
	source->key = *key;
	HASH_ADD(hh, sources->table, key, sizeof(source->key), source);
	if (!source->hh.tbl) {
		free(source);
		return NULL;
	}
	sources->seen[key->slot]++;
	return source;
}

int tg_outcomes_count(struct tg_outcomes *sources, const struct tg_outcome_key *key, bool refused,
		      uint32_t packets, uint32_t bytes, uint64_t now)
{
	struct tg_outcome *source;

	HASH_FIND(hh, sources->table, key, sizeof(*key), source);
	if (!source)
		source = add(sources, key);
	if (!source)
		return -ENOMEM;
	if (!refused) {
		source->admitted += packets;
		return 0;
	}
	if (!source->refused) {
		source->first = now;
		sources->refused[key->slot]++;
	}
	source->refused += packets;
	source->last = now;
	source->refused_bytes += bytes;
	return 0;
}

size_t tg_outcomes_worst(struct tg_outcomes *sources, const struct tg_outcome **worst, size_t n)
{
	struct tg_outcome *source;
	size_t found = 0;

	HASH_SORT(sources->table, by_refused);
	for (source = sources->table; source && source->refused && found < n;
	     source = source->hh.next)
		worst[found++] = source;
	return found;
}

void tg_outcomes_clear(struct tg_outcomes *sources)
{
	struct tg_outcome *source, *next;

	HASH_ITER(hh, sources->table, source, next)
	{
		HASH_DEL(sources->table, source);
		free(source);
	}
}
