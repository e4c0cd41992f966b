// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The rounds of the exchange: rules, frame, the end of a round, and what holds when none is
 * complete.
 */
#include "cluster/exchange.h"
#include "base/clock.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct tg_exchange *tg_exchange_new(const struct tg_exchange_settings *settings)
{
	struct tg_exchange *exchange = calloc(1, sizeof(*exchange));

	if (!exchange)
		return NULL;
	exchange->settings = *settings;
	exchange->sources = calloc(settings->max_sources, sizeof(*exchange->sources));
	exchange->peers = calloc(TG_SHARED_NODES_MAX, sizeof(*exchange->peers));
	exchange->entries = calloc(settings->max_sources, sizeof(*exchange->entries));
	if (!exchange->sources || !exchange->peers || !exchange->entries)
		tg_exchange_free(&exchange);
	return exchange;
}

void tg_exchange_free(struct tg_exchange **exchange)
{
	size_t i;

	if (!*exchange)
		return;
	for (i = 0; (*exchange)->peers && i < (*exchange)->peers_n; i++)
		tg_node_frame_free(&(*exchange)->peers[i].last);
	free((*exchange)->sources);
	free((*exchange)->peers);
	free((*exchange)->entries);
	free(*exchange);
	*exchange = NULL;
}

static int by_hash(const void *a, const void *b)
{
	const struct tg_exchange_rule *left = a, *right = b;

	return left->hash < right->hash ? -1 : left->hash > right->hash;
}

static bool has_rule(const struct tg_exchange *exchange, const struct tg_shared_source *source,
		     uint64_t now)
{
	return tg_exchange_find_rule(exchange, source->key.limit) != NULL;
}

int tg_exchange_set_rules(struct tg_exchange *exchange, const struct tg_exchange_rule *rules,
			  size_t n)
{
	uint64_t left_out[TG_SHARED_LIMITS_MAX];
	struct tg_exchange_rule sorted[TG_SHARED_LIMITS_MAX];
	size_t i;

	if (n > TG_SHARED_LIMITS_MAX)
		return -E2BIG;
	memcpy(sorted, rules, n * sizeof(*rules));
	qsort(sorted, n, sizeof(*rules), by_hash);
	for (i = 0; i < n; i++)
		left_out[i] = tg_sources_left_out(exchange, sorted[i].hash);
	memcpy(exchange->left_out, left_out, n * sizeof(*left_out));
	memcpy(exchange->rules, sorted, n * sizeof(*sorted));
	exchange->rules_n = n;
	tg_sources_keep(exchange, has_rule, 0);
	for (i = 0; i < exchange->peers_n; i++)
		tg_peers_compare_tables(exchange, &exchange->peers[i]);
	return 0;
}

int tg_exchange_publish(struct tg_exchange *exchange, uint8_t *bytes)
{
	struct tg_node_frame frame = {.epoch = exchange->settings.epoch,
				      .entries = exchange->entries};
	size_t i;

	memcpy(frame.node, exchange->settings.node, sizeof(frame.node));
	frame.seq = ++exchange->seq;
	frame.limits_n = exchange->rules_n;
	for (i = 0; i < exchange->rules_n; i++) {
		memcpy(frame.limits[i].name, exchange->rules[i].name, sizeof(frame.limits[i].name));
		frame.limits[i].hash = exchange->rules[i].hash;
	}
	for (i = 0; i < exchange->sources_n; i++)
		if (exchange->sources[i].own)
			frame.entries[frame.entries_n++] = (struct tg_frame_entry){
				exchange->sources[i].key, exchange->sources[i].own};
	return tg_node_frame_encode(&frame, &exchange->settings.secret, bytes);
}

static bool is_busy(const struct tg_exchange *exchange, const struct tg_shared_source *source,
		    uint64_t now)
{
	return now - source->moved_at < TG_SHARED_IDLE_NS || source->debt;
}

/* Adds to the debts what the others would have taken in @ns at their last pace. */
static void hold(struct tg_exchange *exchange, uint64_t ns, uint64_t now)
{
	const struct tg_exchange_rule *rule;
	double whole;
	size_t i;

	if (now > tg_exchange_fresh_until(exchange, TG_STORE_LOSS_HOLD))
		return;
	for (i = 0; i < exchange->sources_n; i++) {
		struct tg_shared_source *source = &exchange->sources[i];

		rule = tg_exchange_find_rule(exchange, source->key.limit);
		if (!rule || rule->on_loss != TG_STORE_LOSS_HOLD)
			continue;
		source->held = modf(source->held + source->pace * ns / (double)NS_PER_S, &whole);
		source->debt += (uint64_t)whole;
	}
}

/* Returns @pace after @moved more in @ns: an exponential mean with a half-life of 1 s. */
static double smooth(double pace, double moved, uint64_t ns)
{
	return pace + (moved * (double)NS_PER_S / ns - pace) * (1 - exp2(-(ns / (double)NS_PER_S)));
}

static void learn_pace(struct tg_exchange *exchange, uint64_t ns)
{
	size_t i;

	if (!ns)
		return;
	for (i = 0; i < exchange->sources_n; i++) {
		struct tg_shared_source *source = &exchange->sources[i];

		source->pace = smooth(source->pace, source->moved, ns);
		source->moved = 0;
	}
	for (i = 0; i < exchange->peers_n; i++) {
		struct tg_peer *peer = &exchange->peers[i];

		peer->pace = smooth(peer->pace, peer->moved, ns);
		peer->moved = 0;
	}
	exchange->pace = smooth(exchange->pace, exchange->moved, ns);
	exchange->moved = 0;
}

/* If others are expected and the store has none of their frames, it may have lost them. */
static bool hears_anybody(const struct tg_exchange *exchange, uint64_t now)
{
	size_t i;

	for (i = 0; i < exchange->peers_n; i++)
		if (now - exchange->peers[i].heard_at <= exchange->settings.stale_after)
			return true;
	return exchange->settings.nodes_expected < 2;
}

void tg_exchange_settle(struct tg_exchange *exchange, bool complete, uint64_t now)
{
	uint64_t passed = exchange->round_at ? now - exchange->round_at : 0;

	complete = complete && hears_anybody(exchange, now);
	/* Also true after this process was stopped: it has missed what the others took. */
	if (exchange->settled_at && now - exchange->settled_at > exchange->settings.stale_after) {
		exchange->counters.losses += !exchange->lost;
		exchange->lost = true;
	}
	if (complete) {
		if (!exchange->lost)
			learn_pace(exchange, passed);
		exchange->settled_at = now;
		exchange->lost = false;
	} else if (exchange->settled_at &&
		   now - exchange->settled_at > exchange->settings.tick * 2) {
		hold(exchange, passed, now);
	}
	exchange->round_at = now;
	tg_peers_watch(exchange, now);
	tg_sources_keep(exchange, is_busy, now);
}

uint64_t tg_exchange_settled_at(const struct tg_exchange *exchange)
{
	return exchange->settled_at;
}

uint64_t tg_exchange_fresh_until(const struct tg_exchange *exchange, enum tg_store_loss on_loss)
{
	uint64_t until = exchange->settled_at;

	if (!until)
		return 0;
	return until + exchange->settings.stale_after +
	       (on_loss == TG_STORE_LOSS_HOLD ? TG_STORE_LOSS_HOLD_NS : 0);
}

double tg_exchange_pace(const struct tg_exchange *exchange)
{
	return exchange->pace;
}

const struct tg_exchange_counters *tg_exchange_read_counters(const struct tg_exchange *exchange)
{
	return &exchange->counters;
}
