// SPDX-License-Identifier: GPL-2.0-or-later
/* Metrics of nodes, the store, sources and shared limits. */
#include <inttypes.h>

#include "cluster/cluster_stats.h"
#include "http/exposition.h"
#include "http/metrics_cluster.h"
#include "base/clock.h"

/* Writes a family of one number. */
static void add_one(struct tg_metrics *metrics, const char *name, const char *type,
		    const char *help, uint64_t value)
{
	tg_metrics_head(metrics, name, type, help);
	tg_metrics_add(metrics, "%s %" PRIu64 "\n", name, value);
}

static void add_peers(struct tg_metrics *metrics, const struct tg_cluster_stats *cluster)
{
	const struct tg_cluster_peer_stats *peer;
	size_t i;

	add_one(metrics, "tidegate_cluster_nodes", "gauge",
		"Nodes that take part, this one included.", cluster->nodes);
	tg_metrics_head(metrics, "tidegate_cluster_peer_up", "gauge",
			"1 if the node was heard within stale_after.");
	for (i = 0; i < cluster->peers_n; i++) {
		peer = &cluster->peers[i];
		tg_metrics_add(metrics, "tidegate_cluster_peer_up{node=\"%s\"} %d\n",
			       tg_metrics_write_label(peer->node).text, !peer->stale);
	}
	tg_metrics_head(metrics, "tidegate_cluster_peer_age_seconds", "gauge",
			"Since the node's last frame came.");
	for (i = 0; i < cluster->peers_n; i++) {
		peer = &cluster->peers[i];
		tg_metrics_add(metrics, "tidegate_cluster_peer_age_seconds{node=\"%s\"} %.6f\n",
			       tg_metrics_write_label(peer->node).text,
			       (double)peer->age / NS_PER_S);
	}
	tg_metrics_head(metrics, "tidegate_cluster_peer_tokens_total", "counter",
			"Tokens charged here for what the node has let through.");
	for (i = 0; i < cluster->peers_n; i++) {
		peer = &cluster->peers[i];
		tg_metrics_add(metrics,
			       "tidegate_cluster_peer_tokens_total{node=\"%s\"} %" PRIu64 "\n",
			       tg_metrics_write_label(peer->node).text, peer->tokens);
	}
}

static void add_store(struct tg_metrics *metrics, const struct tg_cluster_stats *cluster)
{
	const struct tg_redis_status *store = &cluster->store;

	add_one(metrics, "tidegate_cluster_store_connected", "gauge",
		"1 if there is a connection to the store.", store->connected);
	tg_metrics_head(metrics, "tidegate_cluster_store_round_trip_seconds", "gauge",
			"What the last round took.");
	tg_metrics_add(metrics, "tidegate_cluster_store_round_trip_seconds %.6f\n",
		       (double)store->round_trip / NS_PER_S);
	add_one(metrics, "tidegate_cluster_store_failures_total", "counter",
		"Connections to the store that failed or were lost.", store->failures);
	tg_metrics_head(metrics, "tidegate_cluster_rounds_total", "counter",
			"Exchanges with the store, one a tick.");
	tg_metrics_add(metrics,
		       "tidegate_cluster_rounds_total{outcome=\"complete\"} %" PRIu64
		       "\ntidegate_cluster_rounds_total{outcome=\"missed\"} %" PRIu64 "\n",
		       store->rounds, store->missed);
	tg_metrics_head(metrics, "tidegate_cluster_bytes_total", "counter",
			"Bytes to and from the store.");
	tg_metrics_add(metrics,
		       "tidegate_cluster_bytes_total{direction=\"sent\"} %" PRIu64
		       "\ntidegate_cluster_bytes_total{direction=\"received\"} %" PRIu64 "\n",
		       store->sent, store->received);
	add_one(metrics, "tidegate_cluster_losses_total", "counter",
		"Times that the other nodes could no longer be heard.", cluster->counters.losses);
}

static void add_sources(struct tg_metrics *metrics, const struct tg_cluster_stats *cluster)
{
	const struct tg_exchange_counters *counters = &cluster->counters;

	add_one(metrics, "tidegate_cluster_sources", "gauge",
		"Sources of which the nodes tell each other.", cluster->sources);
	add_one(metrics, "tidegate_cluster_max_sources", "gauge",
		"Sources of which they can: max_sources.", cluster->max_sources);
	add_one(metrics, "tidegate_cluster_left_out_total", "counter",
		"Times that max_sources left a source out, which each node then limits alone.",
		counters->left_out);
	tg_metrics_head(metrics, "tidegate_cluster_frames_refused_total", "counter",
			"Frames in the store that were not believed.");
	tg_metrics_add(metrics,
		       "tidegate_cluster_frames_refused_total{reason=\"damaged\"} %" PRIu64
		       "\ntidegate_cluster_frames_refused_total{reason=\"forged\"} %" PRIu64
		       "\ntidegate_cluster_frames_refused_total{reason=\"unknown\"} %" PRIu64 "\n",
		       counters->damaged, counters->forged, counters->unknown);
}

/* Counts the nodes that define the limit otherwise. */
static unsigned int differing(const struct tg_cluster_stats *cluster, size_t limit)
{
	unsigned int n = 0;
	size_t i;

	for (i = 0; i < cluster->peers_n; i++)
		n += cluster->peers[i].differs >> limit & 1;
	return n;
}

static void add_limits(struct tg_metrics *metrics, const struct tg_cluster_stats *cluster)
{
	const struct tg_cluster_limit_stats *limits = cluster->limits;
	int mode;
	size_t i;

	tg_metrics_head(metrics, "tidegate_cluster_limit_mode", "gauge",
			"1 for what the limit is enforced as.");
	for (i = 0; i < cluster->limits_n; i++)
		for (mode = 0; mode < TG_CLUSTER_MODES; mode++)
			tg_metrics_add(metrics,
				       "tidegate_cluster_limit_mode{limit=\"%s\",mode=\"%s\"} %d\n",
				       limits[i].name, tg_cluster_mode_name(mode),
				       limits[i].mode == (enum tg_cluster_mode)mode);
	tg_metrics_head(metrics, "tidegate_cluster_limit_mismatches", "gauge",
			"Nodes that define the limit otherwise, and do not share it therefore.");
	for (i = 0; i < cluster->limits_n; i++)
		tg_metrics_add(metrics, "tidegate_cluster_limit_mismatches{limit=\"%s\"} %u\n",
			       limits[i].name, differing(cluster, i));
	tg_metrics_head(metrics, "tidegate_cluster_overshoot_bound_tokens", "gauge",
			"Beyond what one bucket allows, all nodes together admit no more.");
	for (i = 0; i < cluster->limits_n; i++)
		tg_metrics_add(metrics,
			       "tidegate_cluster_overshoot_bound_tokens{limit=\"%s\"} %" PRIu64
			       "\n",
			       limits[i].name, limits[i].bound);
	tg_metrics_head(metrics, "tidegate_cluster_overshoot_seen_tokens", "gauge",
			"The most that was found to be admitted beyond it.");
	for (i = 0; i < cluster->limits_n; i++)
		tg_metrics_add(metrics,
			       "tidegate_cluster_overshoot_seen_tokens{limit=\"%s\"} %" PRIu64 "\n",
			       limits[i].name, limits[i].owed);
}

void tg_metrics_write_cluster(struct tg_metrics *metrics, const struct tg_cluster_stats *cluster)
{
	add_peers(metrics, cluster);
	add_store(metrics, cluster);
	add_sources(metrics, cluster);
	add_limits(metrics, cluster);
}
