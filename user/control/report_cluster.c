// SPDX-License-Identifier: GPL-2.0-or-later
/* Makes the result of cluster, and what `why` says of a bucket that nodes share. */
#include "control/report_cluster.h"

#include <inttypes.h>

#include "config/names.h"
#include "base/json.h"

/* Writes 16 hex digits, because many readers of JSON keep only 53 bits of a number. */
static json_t *epoch_of(uint64_t epoch)
{
	return json_sprintf("%016" PRIx64, epoch);
}

static json_t *store_of(const struct tg_redis_status *store)
{
	return json_pack("{s:s, s:b, s:o, s:s, s:I, s:I, s:I, s:I, s:I, s:I}", "server",
			 store->server, "connected", store->connected, "round_trip_ms",
			 tg_json_ms(store->round_trip), "error", store->error, "connects",
			 (json_int_t)store->connects, "failures", (json_int_t)store->failures,
			 "rounds", (json_int_t)store->rounds, "missed", (json_int_t)store->missed,
			 "sent_bytes", (json_int_t)store->sent, "received_bytes",
			 (json_int_t)store->received);
}

static json_t *peer_of(const struct tg_cluster_peer_stats *peer)
{
	return json_pack("{s:s, s:o, s:s, s:o, s:f, s:I, s:I, s:I, s:I}", "node", peer->node,
			 "epoch", epoch_of(peer->epoch), "state", peer->stale ? "stale" : "fresh",
			 "age_ms", tg_json_ms(peer->age), "share", peer->part, "frames",
			 (json_int_t)peer->frames, "lost", (json_int_t)peer->lost, "repeated",
			 (json_int_t)peer->repeated, "tokens", (json_int_t)peer->tokens);
}

/* Lists the peers that share limit @i, or with @differ those that define it otherwise. */
static json_t *peers_of(const struct tg_cluster_stats *stats, size_t i, bool differ)
{
	json_t *names = json_array();
	size_t j;

	for (j = 0; j < stats->peers_n; j++)
		if ((differ ? stats->peers[j].differs : stats->peers[j].shares) >> i & 1)
			json_array_append_new(names, json_string(stats->peers[j].node));
	return names;
}

static json_t *shared_limit_of(const struct tg_cluster_stats *stats, size_t i)
{
	const struct tg_cluster_limit_stats *limit = &stats->limits[i];

	return json_pack("{s:s, s:s, s:s, s:I, s:s, s:I, s:I, s:I, s:I, s:o, s:o}", "limit",
			 limit->name, "unit", tg_unit_name(limit->unit), "mode",
			 tg_cluster_mode_name(limit->mode), "parts", (json_int_t)limit->parts,
			 "on_store_loss", tg_store_loss_name(limit->on_loss), "sources",
			 (json_int_t)limit->sources, "left_out", (json_int_t)limit->left_out,
			 "overshoot_seen", (json_int_t)limit->owed, "overshoot_bound",
			 (json_int_t)limit->bound, "shared_with", peers_of(stats, i, false),
			 "differs_on", peers_of(stats, i, true));
}

json_t *tg_report_cluster(const struct tg_cluster_stats *stats)
{
	json_t *peers = json_array(), *limits = json_array(), *json;
	size_t i;

	for (i = 0; i < stats->peers_n; i++)
		json_array_append_new(peers, peer_of(&stats->peers[i]));
	for (i = 0; i < stats->limits_n; i++)
		json_array_append_new(limits, shared_limit_of(stats, i));
	json = json_pack(
		"{s:s, s:s, s:o, s:s, s:o, s:o, s:o, s:I, s:I, s:f}", "cluster", stats->name,
		"node", stats->node, "epoch", epoch_of(stats->epoch), "state",
		tg_cluster_state_name(stats->state), "interval_ms", tg_json_ms(stats->tick),
		"stale_after_ms", tg_json_ms(stats->stale_after), "last_round_ms",
		stats->settled_ago == UINT64_MAX ? json_null() : tg_json_ms(stats->settled_ago),
		"nodes", (json_int_t)stats->nodes, "nodes_expected",
		(json_int_t)stats->nodes_expected, "share", stats->part);
	json_object_set_new(json, "name_taken", json_boolean(stats->has_name_conflict));
	json_object_set_new(json, "store", store_of(&stats->store));
	json_object_set_new(json, "peers", peers);
	json_object_set_new(json, "limits", limits);
	json_object_set_new(json, "sources",
			    json_pack("{s:I, s:I, s:I}", "listed", (json_int_t)stats->sources,
				      "max", (json_int_t)stats->max_sources, "left_out",
				      (json_int_t)stats->counters.left_out));
	json_object_set_new(json, "frames_refused",
			    json_pack("{s:I, s:I, s:I}", "damaged",
				      (json_int_t)stats->counters.damaged, "forged",
				      (json_int_t)stats->counters.forged, "unknown",
				      (json_int_t)stats->counters.unknown));
	json_object_set_new(json, "losses", json_integer((json_int_t)stats->counters.losses));
	return json;
}

json_t *tg_report_shared(const struct tg_cluster *cluster, const struct tg_bucket_view *view)
{
	struct tg_cluster_source_stats stats;

	if (!tg_cluster_source(cluster, view, &stats))
		return json_null();
	return json_pack("{s:s, s:I, s:b, s:I, s:f}", "mode", tg_cluster_mode_name(stats.mode),
			 "parts", (json_int_t)stats.parts, "listed", stats.listed, "elsewhere",
			 (json_int_t)stats.elsewhere, "elsewhere_per_s", stats.pace);
}
