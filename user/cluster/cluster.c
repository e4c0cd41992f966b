// SPDX-License-Identifier: GPL-2.0-or-later
/* The tick: publishes a frame, receives those of the others, charges buckets and logs changes. */
#include "cluster/cluster.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/cleanup.h"
#include "base/event_first.h"
#include "base/clock.h"
#include "cluster/cluster_private.h"
#include "cluster/secret.h"
#include "base/log.h"
#include "cluster/rules.h"

#define CONFLICT_LOOKS 3
#define FIRST_TICK     20000000ULL /* ns */

/* ns. Clocks of limits that use the coarse one differ by less than a tick. */
static uint64_t read_clock(void)
{
	return tg_now_ns();
}

/* Lists what was reported, charges what is owed, and tells the packet programs how it stands. */
static void settle_buckets(struct tg_cluster *cluster, uint64_t now)
{
	tg_cluster_buckets_list(cluster->buckets, cluster->exchange, now);
	tg_cluster_buckets_debit(cluster->buckets, cluster->exchange, now);
	tg_cluster_buckets_announce(cluster->buckets, cluster->exchange);
	tg_cluster_log_state(cluster, now);
}

/*
 * Checks @own, the frame that was under this node's key before it wrote its next one. Two nodes of
 * one name, from a copied file, overwrite each other's frames and do not hear each other. A frame
 * of another epoch shows that. One of our own epoch clears the conflict only at the third look,
 * because the other node may just have been slow.
 */
static void check_name_conflict(struct tg_cluster *cluster, const struct tg_store_frame *own,
				uint64_t now)
{
	bool had_conflict = cluster->name_conflict != 0;

	if (tg_peers_receive(cluster->exchange, own->node, own->bytes, own->length, now) == -EEXIST)
		cluster->name_conflict = CONFLICT_LOOKS;
	else if (had_conflict)
		cluster->name_conflict--;
	if (cluster->name_conflict && !had_conflict)
		tg_log(TG_LOG_ERROR,
		       "cluster %s: another node is called %s as well, so the two do not exchange; "
		       "give each a `node` of its own",
		       cluster->config.name, cluster->config.node);
}

static int set_tick(struct tg_cluster *cluster, uint64_t ns)
{
	const struct timeval interval = {.tv_sec = (time_t)(ns / NS_PER_S),
					 .tv_usec = (suseconds_t)(ns % NS_PER_S / NS_PER_US)};

	return event_add(cluster->tick, &interval);
}

static void on_round(void *data, const struct tg_store_answer *round)
{
	struct tg_cluster *cluster = data;
	bool first = !tg_exchange_settled_at(cluster->exchange);
	uint64_t now = read_clock();
	size_t i;

	for (i = 0; round && i < round->n; i++)
		tg_peers_receive(cluster->exchange, round->frames[i].node, round->frames[i].bytes,
				 round->frames[i].length, now);
	if (round && round->own.length)
		check_name_conflict(cluster, &round->own, now);
	tg_exchange_settle(cluster->exchange, round != NULL, now);
	settle_buckets(cluster, now);
	if (round)
		tg_cluster_log_peers(cluster, now);
	if (round && first)
		set_tick(cluster, cluster->config.interval);
}

static void on_tick(evutil_socket_t fd, short what, void *data)
{
	struct tg_cluster *cluster = data;
	uint64_t now = read_clock();
	int length;

	settle_buckets(cluster, now);
	length = tg_exchange_publish(cluster->exchange, cluster->frame);
	if (length < 0)
		tg_log_errno(length, "frame of shared limits");
	if (length < 0 || !tg_store_begin_round(cluster->store, cluster->frame, (size_t)length))
		tg_exchange_settle(cluster->exchange, false, now);
}

/* Ticks faster until the first complete round, because until then the node is on its own. */
static int start_tick(struct tg_cluster *cluster, struct event_base *base)
{
	uint64_t interval = cluster->config.interval;

	cluster->tick = event_new(base, -1, EV_PERSIST, on_tick, cluster);
	tg_event_first(cluster->tick);
	if (!cluster->tick || set_tick(cluster, interval < FIRST_TICK ? interval : FIRST_TICK))
		return -ENOMEM;
	return 0;
}

static int make_exchange(struct tg_cluster *cluster)
{
	const struct tg_config_cluster *config = &cluster->config;
	struct tg_exchange_settings settings = {
		.tick = config->interval,
		.stale_after = config->stale_after,
		.max_sources = config->max_sources,
		.nodes_expected = config->nodes_expected,
		.secret = cluster->secret,
	};

	if (getrandom(&cluster->epoch, sizeof(cluster->epoch), 0) != sizeof(cluster->epoch))
		return -EIO;
	settings.epoch = cluster->epoch;
	memcpy(settings.node, config->node, sizeof(settings.node));
	cluster->exchange = tg_exchange_new(&settings);
	cluster->frame = malloc(tg_node_frame_size(config->max_sources));
	explicit_bzero(&settings.secret, sizeof(settings.secret));
	return cluster->exchange && cluster->frame ? 0 : -ENOMEM;
}

_Static_assert(TG_CONFIG_NAME_SIZE == TG_SHARED_NAME_SIZE, "names");

static int open_cluster(struct event_base *base, struct tg_datapath *datapath,
			const struct tg_config_cluster *config,
			const struct tg_cluster_secret *secret, struct tg_cluster **cluster)
{
	tg_cleanup(tg_cluster_close) struct tg_cluster *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return -ENOMEM;
	made->config = *config;
	made->secret = *secret;
	made->opened_at = read_clock();
	error = make_exchange(made);
	if (!error)
		error = tg_cluster_buckets_open(datapath, &made->buckets);
	if (!error)
		error = tg_store_open(base, config, on_round, made, &made->store);
	if (!error)
		error = start_tick(made, base);
	if (error)
		return error;
	*cluster = TAKE_PTR(made);
	return 0;
}

static bool is_same(const struct tg_cluster *cluster, const struct tg_config_cluster *config,
		    const struct tg_cluster_secret *secret)
{
	struct tg_config_cluster before = cluster->config;

	before.place = config->place;
	return memcmp(&before, config, sizeof(before)) == 0 &&
	       memcmp(&cluster->secret, secret, sizeof(*secret)) == 0;
}

static void take_rules(struct tg_cluster *cluster, const struct tg_config *config)
{
	size_t i, n = 0;

	cluster->rules_n = tg_exchange_rules_of(config, cluster->rules);
	for (i = 0; i < config->limits_n; i++)
		if (config->limits[i].shared)
			cluster->units[n++] = config->limits[i].unit;
	tg_exchange_set_rules(cluster->exchange, cluster->rules, cluster->rules_n);
	tg_cluster_buckets_rules(cluster->buckets, cluster->rules, cluster->rules_n);
	tg_cluster_buckets_announce(cluster->buckets, cluster->exchange);
}

int tg_cluster_follow(struct tg_cluster **cluster, struct event_base *base,
		      struct tg_datapath *datapath, const struct tg_config *config,
		      const struct tg_cluster_secret *secret, const struct tg_store_trust *trust)
{
	int error = 0;

	if (!config->cluster.name[0]) {
		tg_cluster_close(cluster);
		return 0;
	}
	if (*cluster && !is_same(*cluster, &config->cluster, secret))
		tg_cluster_close(cluster);
	if (!*cluster)
		error = open_cluster(base, datapath, &config->cluster, secret, cluster);
	if (error)
		return tg_log_errno(error, "cluster %s", config->cluster.name);
	tg_store_renew_trust((*cluster)->store, trust);
	take_rules(*cluster, config);
	return 0;
}

void tg_cluster_close(struct tg_cluster **cluster)
{
	struct tg_cluster *old = *cluster;

	if (!old)
		return;
	if (old->tick)
		event_free(old->tick);
	tg_store_close(&old->store);
	tg_cluster_buckets_close(&old->buckets);
	tg_exchange_free(&old->exchange);
	free(old->frame);
	explicit_bzero(&old->secret, sizeof(old->secret));
	free(old);
	*cluster = NULL;
}
