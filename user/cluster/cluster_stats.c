// SPDX-License-Identifier: GPL-2.0-or-later
/* Derives state and modes from the exchange, and copies its figures for whoever prints them. */
#include "cluster/cluster_stats.h"

#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cluster/cluster_private.h"
#include "datapath/stats.h"

static const char *const mode_names[TG_CLUSTER_MODES] = {
	[TG_CLUSTER_SHARED] = "shared", [TG_CLUSTER_SPLIT] = "split", [TG_CLUSTER_HOLD] = "hold",
	[TG_CLUSTER_LOCAL] = "local",	[TG_CLUSTER_OPEN] = "open",
};

const char *tg_cluster_mode_name(enum tg_cluster_mode mode)
{
	return mode_names[mode];
}

const char *tg_cluster_state_name(enum tg_cluster_state state)
{
	static const char *const names[TG_CLUSTER_STATES] = {"starting", "heard", "lost"};

	return names[state];
}

enum tg_cluster_state tg_cluster_state_now(const struct tg_cluster *cluster, uint64_t now)
{
	uint64_t settled = tg_exchange_settled_at(cluster->exchange);

	if (now - (settled ? settled : cluster->opened_at) >= cluster->config.stale_after)
		return TG_CLUSTER_LOST;
	return settled ? TG_CLUSTER_HEARD : TG_CLUSTER_STARTING;
}

enum tg_cluster_mode tg_cluster_mode_now(const struct tg_cluster *cluster,
					 const struct tg_exchange_rule *rule, uint64_t now)
{
	if (tg_cluster_state_now(cluster, now) == TG_CLUSTER_HEARD)
		return TG_CLUSTER_SHARED;
	if (now < tg_exchange_fresh_until(cluster->exchange, rule->on_loss))
		return TG_CLUSTER_HOLD;
	if (rule->on_loss == TG_STORE_LOSS_OPEN)
		return TG_CLUSTER_OPEN;
	return tg_cluster_buckets_parts(cluster->buckets, rule->hash) > 1 ? TG_CLUSTER_SPLIT
									  : TG_CLUSTER_LOCAL;
}

void tg_cluster_describe(const struct tg_cluster *cluster, uint64_t now, char *text, size_t size)
{
	const struct tg_exchange_rule *rule;
	enum tg_cluster_mode mode;
	size_t i, at = 0;

	text[0] = '\0';
	for (i = 0; i < cluster->rules_n && at < size; i++) {
		rule = &cluster->rules[i];
		mode = tg_cluster_mode_now(cluster, rule, now);
		if (mode == TG_CLUSTER_SHARED)
			continue;
		at += (size_t)snprintf(text + at, size - at, "%slimit %s %s", at ? ", " : "",
				       rule->name, mode_names[mode]);
		if (mode == TG_CLUSTER_SPLIT && at < size)
			at += (size_t)snprintf(
				text + at, size - at, " by %u",
				tg_cluster_buckets_parts(cluster->buckets, rule->hash));
	}
	/* Mark the cut. The command `cluster` prints all. */
	if (at >= size)
		memcpy(text + size - 4, "...", 4);
}

void tg_cluster_problem(const struct tg_cluster *cluster, char *text, size_t size)
{
	uint64_t now = tg_now_ns();
	char limits[256];

	text[0] = '\0';
	if (cluster && cluster->name_conflict)
		snprintf(text, size, "another node is called %s as well", cluster->config.node);
	if (!cluster || tg_cluster_state_now(cluster, now) != TG_CLUSTER_LOST)
		return;
	tg_cluster_describe(cluster, now, limits, sizeof(limits));
	snprintf(text, size, "%s: %s",
		 tg_store_status(cluster->store)->connected ? "no other node is heard"
							    : "store lost",
		 *limits ? limits : "no limit is shared");
}

/* Returns the limit's index in cluster->rules; -1 if it is not shared. */
static int find_rule(const struct tg_cluster *cluster, const char *name)
{
	size_t i;

	for (i = 0; i < cluster->rules_n; i++)
		if (strcmp(cluster->rules[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void look_at_peer(const struct tg_cluster *cluster, const struct tg_peer *peer, uint64_t now,
			 double sum, struct tg_cluster_peer_stats *stats)
{
	const struct tg_node_frame *last = peer->last;
	uint64_t bit;
	size_t i;
	int rule;

	memcpy(stats->node, last->node, sizeof(stats->node));
	stats->epoch = last->epoch;
	stats->age = now - peer->heard_at;
	stats->stale = peer->stale || stats->age > cluster->config.stale_after;
	stats->part = sum > 0 ? peer->pace / sum : 0;
	stats->frames = peer->frames;
	stats->repeated = peer->repeated;
	stats->lost = peer->lost;
	stats->tokens = peer->tokens;
	for (i = 0; i < last->limits_n; i++) {
		rule = find_rule(cluster, last->limits[i].name);
		bit = rule < 0 ? 0 : 1ULL << rule;
		if (peer->ignored >> i & 1)
			stats->differs |= bit;
		else
			stats->shares |= bit;
	}
}

static int look_at_peers(const struct tg_cluster *cluster, uint64_t now,
			 struct tg_cluster_stats *stats)
{
	const struct tg_peer *peers = tg_peers_all(cluster->exchange, &stats->peers_n);
	double sum = tg_exchange_pace(cluster->exchange);
	size_t i;

	/* One more, because calloc(0) may return NULL. */
	stats->peers = calloc(stats->peers_n + 1, sizeof(*stats->peers));
	if (!stats->peers)
		return -ENOMEM;
	for (i = 0; i < stats->peers_n; i++)
		sum += peers[i].pace;
	for (i = 0; i < stats->peers_n; i++)
		look_at_peer(cluster, &peers[i], now, sum, &stats->peers[i]);
	stats->part = sum > 0 ? tg_exchange_pace(cluster->exchange) / sum : 0;
	return 0;
}

static void look_at_limits(const struct tg_cluster *cluster, uint64_t now,
			   struct tg_cluster_stats *stats)
{
	size_t i, j, sources_n;
	const struct tg_shared_source *sources = tg_sources_all(cluster->exchange, &sources_n);

	stats->limits_n = cluster->rules_n;
	for (i = 0; i < cluster->rules_n; i++) {
		const struct tg_exchange_rule *rule = &cluster->rules[i];
		struct tg_cluster_limit_stats *limit = &stats->limits[i];

		memcpy(limit->name, rule->name, sizeof(limit->name));
		limit->unit = cluster->units[i];
		limit->mode = tg_cluster_mode_now(cluster, rule, now);
		limit->on_loss = rule->on_loss;
		limit->parts = tg_cluster_buckets_parts(cluster->buckets, rule->hash);
		limit->left_out = tg_sources_left_out(cluster->exchange, rule->hash);
		limit->owed = tg_cluster_buckets_owed(cluster->buckets, rule->hash);
		limit->bound = tg_sources_debt_max(cluster->exchange, rule->hash);
		for (j = 0; j < sources_n; j++)
			limit->sources += sources[j].key.limit == rule->hash;
	}
	stats->sources = sources_n;
}

int tg_cluster_read_stats(const struct tg_cluster *cluster, struct tg_cluster_stats **stats)
{
	tg_cleanup(tg_cluster_stats_free) struct tg_cluster_stats *made = NULL;
	uint64_t now = tg_now_ns(), settled;
	int error;

	if (!cluster) {
		*stats = NULL;
		return 0;
	}
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	settled = tg_exchange_settled_at(cluster->exchange);
	memcpy(made->name, cluster->config.name, sizeof(made->name));
	memcpy(made->node, cluster->config.node, sizeof(made->node));
	made->epoch = cluster->epoch;
	made->has_name_conflict = cluster->name_conflict != 0;
	made->tick = cluster->config.interval;
	made->stale_after = cluster->config.stale_after;
	made->state = tg_cluster_state_now(cluster, now);
	made->settled_ago = settled ? now - settled : UINT64_MAX;
	made->nodes = tg_exchange_nodes(cluster->exchange);
	made->nodes_expected = cluster->config.nodes_expected;
	made->max_sources = cluster->config.max_sources;
	made->counters = *tg_exchange_read_counters(cluster->exchange);
	made->store = *tg_store_status(cluster->store);
	look_at_limits(cluster, now, made);
	error = look_at_peers(cluster, now, made);
	if (error)
		return error;
	*stats = TAKE_PTR(made);
	return 0;
}

void tg_cluster_stats_free(struct tg_cluster_stats **stats)
{
	if (!*stats)
		return;
	free((*stats)->peers);
	free(*stats);
	*stats = NULL;
}

bool tg_cluster_source(const struct tg_cluster *cluster, const struct tg_bucket_view *view,
		       struct tg_cluster_source_stats *stats)
{
	uint64_t now = tg_now_ns();
	const struct tg_shared_source *source;
	struct tg_shared_key key = {};
	int rule = cluster ? find_rule(cluster, view->limit) : -1;

	if (rule < 0)
		return false;
	key.limit = cluster->rules[rule].hash;
	memcpy(key.address, view->bucket.address, sizeof(key.address));
	key.port = view->port >= 0 ? htobe16((uint16_t)view->port) : 0;
	key.protocol = view->protocol >= 0 ? (uint8_t)view->protocol : 0;
	key.kind = view->per == TG_CONFIG_PER_KEY ? TG_KEY_NAME : TG_KEY_ADDRESS;
	source = tg_sources_get(cluster->exchange, &key);
	*stats = (struct tg_cluster_source_stats){
		.mode = tg_cluster_mode_now(cluster, &cluster->rules[rule], now),
		.parts = tg_cluster_buckets_parts(cluster->buckets, key.limit),
		.listed = source != NULL,
		.elsewhere = source ? source->foreign : 0,
		.pace = source ? source->pace : 0,
	};
	return true;
}
