// SPDX-License-Identifier: GPL-2.0-or-later
#include "cluster/sources.h"

#include <math.h>
#include <string.h>

#define NS_PER_S 1e9

double tg_share_bound(double rate, double capacity, uint32_t nodes, double tick_s,
		      double round_trip_s)
{
	return capacity + tg_share_excess(nodes, capacity, rate * (2 * tick_s + round_trip_s));
}

const struct tg_share_rule *tg_share_rule(const struct tg_share *share, uint64_t limit)
{
	size_t i;

	for (i = 0; i < share->rules_n; i++)
		if (share->rules[i].hash == limit)
			return &share->rules[i];
	return NULL;
}

void tg_share_keep_sources(struct tg_share *share,
			   bool (*keeps)(const struct tg_share *, const struct tg_share_source *,
					 uint64_t),
			   uint64_t now)
{
	size_t i, n = 0;

	for (i = 0; i < share->sources_n; i++)
		if (keeps(share, &share->sources[i], now))
			share->sources[n++] = share->sources[i];
	share->sources_n = n;
}

/* The place of @key in the list, or where it belongs. */
static size_t place_of(const struct tg_share *share, const struct tg_share_key *key, bool *found)
{
	size_t low = 0, high = share->sources_n, middle;
	int order;

	*found = false;
	while (low < high) {
		middle = (low + high) / 2;
		order = tg_share_compare(&share->sources[middle].key, key);
		if (order == 0) {
			*found = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Takes out a source of which no token was taken for a second, to make room. */
static bool make_room(struct tg_share *share, uint64_t now)
{
	size_t oldest = 0, i;

	for (i = 1; i < share->sources_n; i++)
		if (share->sources[i].moved_at < share->sources[oldest].moved_at)
			oldest = i;
	if (now - share->sources[oldest].moved_at < (uint64_t)NS_PER_S)
		return false;
	memmove(&share->sources[oldest], &share->sources[oldest + 1],
		(--share->sources_n - oldest) * sizeof(*share->sources));
	return true;
}

static void leave_out(struct tg_share *share, uint64_t limit)
{
	const struct tg_share_rule *rule = tg_share_rule(share, limit);

	share->counters.left_out++;
	if (rule)
		share->left_out[rule - share->rules]++;
}

uint64_t tg_share_left_out(const struct tg_share *share, uint64_t limit)
{
	const struct tg_share_rule *rule = tg_share_rule(share, limit);

	return rule ? share->left_out[rule - share->rules] : 0;
}

struct tg_share_source *tg_share_find(struct tg_share *share, const struct tg_share_key *key,
				      uint64_t now)
{
	bool found;
	size_t place = place_of(share, key, &found);

	if (found)
		return &share->sources[place];
	if (share->sources_n == share->settings.max_sources) {
		if (!make_room(share, now)) {
			leave_out(share, key->limit);
			return NULL;
		}
		place = place_of(share, key, &found);
	}
	memmove(&share->sources[place + 1], &share->sources[place],
		(share->sources_n++ - place) * sizeof(*share->sources));
	share->sources[place] = (struct tg_share_source){.key = *key, .moved_at = now};
	return &share->sources[place];
}

static void take_here(struct tg_share *share, struct tg_share_source *source, uint64_t tokens,
		      uint64_t now)
{
	const struct tg_share_rule *rule = tg_share_rule(share, source->key.limit);

	source->own += tokens;
	source->moved_at = now;
	if (rule && rule->rate > 0)
		share->moved += tokens / rule->rate;
}

bool tg_share_list(struct tg_share *share, const struct tg_share_key *key, uint64_t tokens,
		   uint64_t now)
{
	struct tg_share_source *source;

	if (!tg_share_rule(share, key->limit))
		return false;
	source = tg_share_find(share, key, now);
	if (!source)
		return false;
	take_here(share, source, tokens, now);
	return true;
}

const struct tg_share_source *tg_share_source_of(const struct tg_share *share,
						 const struct tg_share_key *key)
{
	bool found;
	size_t place = place_of(share, key, &found);

	return found ? &share->sources[place] : NULL;
}

const struct tg_share_source *tg_share_sources(const struct tg_share *share, size_t *n)
{
	*n = share->sources_n;
	return share->sources;
}

uint64_t tg_share_take(struct tg_share *share, size_t i)
{
	uint64_t debt = share->sources[i].debt;

	share->sources[i].debt = 0;
	return debt;
}

void tg_share_return(struct tg_share *share, size_t i, uint64_t tokens)
{
	share->sources[i].debt += tokens;
}

uint32_t tg_share_nodes(const struct tg_share *share)
{
	uint32_t nodes = share->nodes_settled ? share->nodes_settled : 1;

	return nodes < share->settings.nodes_expected ? share->settings.nodes_expected : nodes;
}

uint64_t tg_share_debt_max(const struct tg_share *share, uint64_t limit)
{
	const struct tg_share_rule *rule = tg_share_rule(share, limit);
	double unheard = TG_SHARE_UNHEARD_TICKS * share->settings.tick; /* ns */

	if (!rule)
		return 0;
	return ceil(tg_share_excess(tg_share_nodes(share), rule->capacity,
				    rule->rate * unheard / NS_PER_S));
}

void tg_share_count(struct tg_share *share, size_t i, int64_t tokens, uint64_t now)
{
	struct tg_share_source *source = &share->sources[i];

	tokens += source->returned;
	source->returned = tokens < 0 ? tokens : 0;
	if (tokens > 0)
		take_here(share, source, tokens, now);
}
