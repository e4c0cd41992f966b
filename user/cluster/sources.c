// SPDX-License-Identifier: GPL-2.0-or-later
/* A sorted array of sources, searched by bisection. */
#include "cluster/sources.h"
#include "base/clock.h"

#include <math.h>
#include <string.h>

double tg_exchange_bound(double rate, double capacity, uint32_t nodes, double tick_s,
			 double round_trip_s)
{
	return capacity + tg_shared_excess(nodes, capacity, rate * (2 * tick_s + round_trip_s));
}

const struct tg_exchange_rule *tg_exchange_find_rule(const struct tg_exchange *exchange,
						     uint64_t limit)
{
	size_t i;

	for (i = 0; i < exchange->rules_n; i++)
		if (exchange->rules[i].hash == limit)
			return &exchange->rules[i];
	return NULL;
}

void tg_sources_keep(struct tg_exchange *exchange,
		     bool (*keeps)(const struct tg_exchange *, const struct tg_shared_source *,
				   uint64_t),
		     uint64_t now)
{
	size_t i, n = 0;

	for (i = 0; i < exchange->sources_n; i++)
		if (keeps(exchange, &exchange->sources[i], now))
			exchange->sources[n++] = exchange->sources[i];
	exchange->sources_n = n;
}

/* Returns the index of @key in the list, or the index at which to insert it. */
static size_t source_index(const struct tg_exchange *exchange, const struct tg_shared_key *key,
			   bool *found)
{
	size_t low = 0, high = exchange->sources_n, middle;
	int order;

	*found = false;
	while (low < high) {
		middle = (low + high) / 2;
		order = tg_shared_key_compare(&exchange->sources[middle].key, key);
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

/* Removes the source that was idle for the longest time, if that is 1 s or more. False if not. */
static bool make_room(struct tg_exchange *exchange, uint64_t now)
{
	size_t oldest = 0, i;

	for (i = 1; i < exchange->sources_n; i++)
		if (exchange->sources[i].moved_at < exchange->sources[oldest].moved_at)
			oldest = i;
	if (now - exchange->sources[oldest].moved_at < NS_PER_S)
		return false;
	memmove(&exchange->sources[oldest], &exchange->sources[oldest + 1],
		(--exchange->sources_n - oldest) * sizeof(*exchange->sources));
	return true;
}

static void leave_out(struct tg_exchange *exchange, uint64_t limit)
{
	const struct tg_exchange_rule *rule = tg_exchange_find_rule(exchange, limit);

	exchange->counters.left_out++;
	if (rule)
		exchange->left_out[rule - exchange->rules]++;
}

uint64_t tg_sources_left_out(const struct tg_exchange *exchange, uint64_t limit)
{
	const struct tg_exchange_rule *rule = tg_exchange_find_rule(exchange, limit);

	return rule ? exchange->left_out[rule - exchange->rules] : 0;
}

struct tg_shared_source *tg_sources_find(struct tg_exchange *exchange,
					 const struct tg_shared_key *key, uint64_t now)
{
	bool found;
	size_t index = source_index(exchange, key, &found);

	if (found)
		return &exchange->sources[index];
	if (exchange->sources_n == exchange->settings.max_sources) {
		if (!make_room(exchange, now)) {
			leave_out(exchange, key->limit);
			return NULL;
		}
		index = source_index(exchange, key, &found);
	}
	memmove(&exchange->sources[index + 1], &exchange->sources[index],
		(exchange->sources_n++ - index) * sizeof(*exchange->sources));
	exchange->sources[index] = (struct tg_shared_source){.key = *key, .moved_at = now};
	return &exchange->sources[index];
}

static void take_here(struct tg_exchange *exchange, struct tg_shared_source *source,
		      uint64_t tokens, uint64_t now)
{
	const struct tg_exchange_rule *rule = tg_exchange_find_rule(exchange, source->key.limit);

	source->own += tokens;
	source->moved_at = now;
	if (rule && rule->rate > 0)
		exchange->moved += tokens / rule->rate;
}

bool tg_sources_add(struct tg_exchange *exchange, const struct tg_shared_key *key, uint64_t tokens,
		    uint64_t now)
{
	struct tg_shared_source *source;

	if (!tg_exchange_find_rule(exchange, key->limit))
		return false;
	source = tg_sources_find(exchange, key, now);
	if (!source)
		return false;
	take_here(exchange, source, tokens, now);
	return true;
}

const struct tg_shared_source *tg_sources_get(const struct tg_exchange *exchange,
					      const struct tg_shared_key *key)
{
	bool found;
	size_t index = source_index(exchange, key, &found);

	return found ? &exchange->sources[index] : NULL;
}

const struct tg_shared_source *tg_sources_all(const struct tg_exchange *exchange, size_t *n)
{
	*n = exchange->sources_n;
	return exchange->sources;
}

uint64_t tg_sources_take_debt(struct tg_exchange *exchange, size_t i)
{
	uint64_t debt = exchange->sources[i].debt;

	exchange->sources[i].debt = 0;
	return debt;
}

void tg_sources_return_debt(struct tg_exchange *exchange, size_t i, uint64_t tokens)
{
	exchange->sources[i].debt += tokens;
}

uint32_t tg_exchange_nodes(const struct tg_exchange *exchange)
{
	uint32_t nodes = exchange->nodes_settled ? exchange->nodes_settled : 1;

	return nodes < exchange->settings.nodes_expected ? exchange->settings.nodes_expected
							 : nodes;
}

uint64_t tg_sources_debt_max(const struct tg_exchange *exchange, uint64_t limit)
{
	const struct tg_exchange_rule *rule = tg_exchange_find_rule(exchange, limit);
	double unheard = TG_SHARED_UNHEARD_TICKS * exchange->settings.tick; /* ns */

	if (!rule)
		return 0;
	return ceil(tg_shared_excess(tg_exchange_nodes(exchange), rule->capacity,
				     rule->rate * unheard / (double)NS_PER_S));
}

void tg_sources_count(struct tg_exchange *exchange, size_t i, int64_t tokens, uint64_t now)
{
	struct tg_shared_source *source = &exchange->sources[i];

	tokens += source->returned;
	source->returned = tokens < 0 ? tokens : 0;
	if (tokens > 0)
		take_here(exchange, source, tokens, now);
}
