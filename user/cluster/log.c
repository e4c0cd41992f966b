// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Logs changes of the cluster once: the other nodes lost and heard again, nodes that join, restart
 * or go, limits that are defined otherwise on another node.
 */
#include <string.h>

#include "cluster/cluster_private.h"
#include "base/log.h"
#include "base/clock.h"

/* Hashes modes only while the others are lost, because only then they are logged. */
static uint64_t hash_modes(const struct tg_cluster *cluster, enum tg_cluster_state state,
			   uint64_t now)
{
	uint64_t hash = tg_frame_hash(TG_FRAME_HASH_START, &state, sizeof(state));
	size_t i;

	for (i = 0; state == TG_CLUSTER_LOST && i < cluster->rules_n; i++) {
		const struct tg_exchange_rule *rule = &cluster->rules[i];
		uint32_t seen[] = {tg_cluster_mode_now(cluster, rule, now),
				   tg_cluster_buckets_parts(cluster->buckets, rule->hash)};

		hash = tg_frame_hash(hash, rule->name, strlen(rule->name));
		hash = tg_frame_hash(hash, seen, sizeof(seen));
	}
	return hash;
}

static void say_lost(const struct tg_cluster *cluster, uint64_t now)
{
	const struct tg_redis_status *store = tg_store_status(cluster->store);
	char limits[512];

	tg_cluster_describe(cluster, now, limits, sizeof(limits));
	tg_log(TG_LOG_WARNING, "cluster %s: the other nodes cannot be heard through %s%s%s: %s",
	       cluster->config.name, store->server, store->error[0] ? ", " : "", store->error,
	       limits[0] ? limits : "no limit is shared");
}

static void say_heard(const struct tg_cluster *cluster, uint64_t now)
{
	const struct tg_cluster_log *log = &cluster->log;
	const struct tg_redis_status *store = tg_store_status(cluster->store);

	if (log->since)
		tg_log(TG_LOG_INFO,
		       "cluster %s: limits are shared again, after %llu s on their own",
		       cluster->config.name, (unsigned long long)((now - log->since) / NS_PER_S));
	else
		tg_log(TG_LOG_INFO, "cluster %s: node %s shares %zu limit(s) through %s",
		       cluster->config.name, cluster->config.node, cluster->rules_n, store->server);
}

void tg_cluster_log_state(struct tg_cluster *cluster, uint64_t now)
{
	struct tg_cluster_log *log = &cluster->log;
	enum tg_cluster_state state = tg_cluster_state_now(cluster, now);
	uint64_t modes = hash_modes(cluster, state, now);

	if (modes != log->modes && state == TG_CLUSTER_LOST)
		say_lost(cluster, now);
	if (state != log->state && state == TG_CLUSTER_HEARD)
		say_heard(cluster, now);
	if (state == TG_CLUSTER_HEARD)
		log->since = now;
	log->state = state;
	log->modes = modes;
}

/* Between two messages of one node, because two nodes of one name restart it with each frame. */
#define AGAIN_NS (60 * NS_PER_S)

static void say_anew(const struct tg_cluster *cluster, struct tg_cluster_known *peer, uint64_t now)
{
	if (peer->said_at && now - peer->said_at < AGAIN_NS)
		return;
	peer->said_at = now;
	tg_log(TG_LOG_INFO, "cluster %s: node %s has started anew", cluster->config.name,
	       peer->node);
}

static void say_peer(const struct tg_cluster *cluster, struct tg_cluster_known *before,
		     const struct tg_peer *now, uint64_t at)
{
	const char *name = cluster->config.name;

	if (!before)
		tg_log(TG_LOG_INFO, "cluster %s: node %s has joined", name, now->last->node);
	else if (!now)
		tg_log(TG_LOG_INFO, "cluster %s: node %s is gone", name, before->node);
	else if (now->stale && !before->stale)
		tg_log(TG_LOG_WARNING, "cluster %s: node %s is not heard any more", name,
		       before->node);
	else if (!now->stale && before->epoch != now->last->epoch)
		say_anew(cluster, before, at);
	else if (!now->stale && before->stale)
		tg_log(TG_LOG_INFO, "cluster %s: node %s is heard again", name, before->node);
}

/* Merges the peers logged last with @peers. Both are sorted by name. */
static void say_changes(struct tg_cluster *cluster, const struct tg_peer *peers, size_t n,
			uint64_t now)
{
	struct tg_cluster_log *log = &cluster->log;
	size_t i = 0, j = 0;
	int order;

	while (i < log->peers_n || j < n) {
		order = i == log->peers_n ? 1
			: j == n	  ? -1
					  : strcmp(log->peers[i].node, peers[j].last->node);
		say_peer(cluster, order <= 0 ? &log->peers[i] : NULL, order >= 0 ? &peers[j] : NULL,
			 now);
		i += order <= 0;
		j += order >= 0;
	}
}

static void remember_peers(struct tg_cluster_log *log, const struct tg_peer *peers, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (i >= log->peers_n || strcmp(log->peers[i].node, peers[i].last->node) != 0)
			log->peers[i].said_at = 0;
		memcpy(log->peers[i].node, peers[i].last->node, sizeof(log->peers[i].node));
		log->peers[i].epoch = peers[i].last->epoch;
		log->peers[i].stale = peers[i].stale;
	}
	log->peers_n = n;
}

static bool was_said(const struct tg_cluster_log *log, uint64_t mismatch)
{
	size_t i;

	for (i = 0; i < log->said_n; i++)
		if (log->said[i] == mismatch)
			return true;
	return false;
}

/* Logs a mismatch unless it is logged already. Returns its hash, to be remembered. */
static uint64_t say_mismatch(const struct tg_cluster *cluster, const struct tg_peer *peer,
			     const struct tg_frame_limit *limit)
{
	uint64_t hash =
		tg_frame_hash(TG_FRAME_HASH_START, peer->last->node, strlen(peer->last->node));

	hash = tg_frame_hash(hash, limit->name, strlen(limit->name));
	if (!was_said(&cluster->log, hash))
		tg_log(TG_LOG_WARNING,
		       "cluster %s: limit %s is another on node %s, so it is not shared with it; "
		       "per, prefix, unit, capacity and refill must be the same",
		       cluster->config.name, limit->name, peer->last->node);
	return hash;
}

static void log_mismatches(struct tg_cluster *cluster, const struct tg_peer *peers, size_t n)
{
	uint64_t said[TG_CLUSTER_SAID_MAX];
	size_t i, j, said_n = 0;

	for (i = 0; i < n; i++)
		for (j = 0; peers[i].ignored && j < peers[i].last->limits_n; j++)
			if (peers[i].ignored >> j & 1 && said_n < TG_CLUSTER_SAID_MAX)
				said[said_n++] =
					say_mismatch(cluster, &peers[i], &peers[i].last->limits[j]);
	memcpy(cluster->log.said, said, said_n * sizeof(*said));
	cluster->log.said_n = said_n;
}

void tg_cluster_log_peers(struct tg_cluster *cluster, uint64_t now)
{
	size_t n;
	const struct tg_peer *peers = tg_peers_all(cluster->exchange, &n);

	say_changes(cluster, peers, n, now);
	remember_peers(&cluster->log, peers, n);
	log_mismatches(cluster, peers, n);
}
