// SPDX-License-Identifier: GPL-2.0-or-later
#define HASH_NONFATAL_OOM 1
#include "replay/outcomes.h"

#include <errno.h>
#include <stdlib.h>

/* Most refused first; those refused alike by what else they sent. */
static int by_refused(const struct tg_source *a, const struct tg_source *b)
{
	if (a->refused != b->refused)
		return a->refused < b->refused ? 1 : -1;
	return (a->admitted < b->admitted) - (a->admitted > b->admitted);
}

/* The lossy counting of Manku and Motwani (2002): what little is lost is known. */
static void forget_half(struct tg_sources *sources)
{
	struct tg_source *source, *next;
	size_t kept = 0;

	HASH_SORT(sources->table, by_refused);
	HASH_ITER(hh, sources->table, source, next)
	{
		if (++kept <= TG_SOURCES_MAX / 2)
			continue;
		if (source->refused > sources->short_by)
			sources->short_by = source->refused;
		sources->forgotten++;
		HASH_DEL(sources->table, source);
		free(source);
	}
}

static struct tg_source *add(struct tg_sources *sources, const struct tg_source_key *key)
{
	struct tg_source *source;

	if (HASH_COUNT(sources->table) >= TG_SOURCES_MAX)
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

int tg_sources_count(struct tg_sources *sources, const struct tg_source_key *key, bool refused,
		     uint32_t bytes, uint64_t now)
{
	struct tg_source *source;

	HASH_FIND(hh, sources->table, key, sizeof(*key), source);
	if (!source)
		source = add(sources, key);
	if (!source)
		return -ENOMEM;
	if (!refused) {
		source->admitted++;
		return 0;
	}
	if (!source->refused++) {
		source->first = now;
		sources->refused[key->slot]++;
	}
	source->last = now;
	source->refused_bytes += bytes;
	return 0;
}

size_t tg_sources_worst(struct tg_sources *sources, const struct tg_source **worst, size_t n)
{
	struct tg_source *source;
	size_t found = 0;

	HASH_SORT(sources->table, by_refused);
	for (source = sources->table; source && source->refused && found < n;
	     source = source->hh.next)
		worst[found++] = source;
	return found;
}

void tg_sources_clear(struct tg_sources *sources)
{
	struct tg_source *source, *next;

	HASH_ITER(hh, sources->table, source, next)
	{
		HASH_DEL(sources->table, source);
		free(source);
	}
}
