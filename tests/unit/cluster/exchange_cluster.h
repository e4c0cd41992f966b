/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A simulation of nodes that share one limit, on a virtual clock: the buckets are gcra.h, the
 * exchange is user/cluster/exchange.c, and only the store, the load and the time are made up.
 */
#ifndef TG_SHARED_CLUSTER_H
#define TG_SHARED_CLUSTER_H

#include <stdlib.h>
#include <tidegate/gcra.h>

#include "policy/rate.h"
#include "cluster/exchange.h"
#include "test.h"

#define MS	      1000000ULL
#define NODES	      400
#define ROUND_TRIP    (1 * MS)
#define CLUSTER_START (1000 * 1000 * MS)
#define CLUSTER_LIMIT 7 /* the hash of the limit's definition */

struct cluster_settings {
	unsigned int nodes, zones; /* zones 0: each node reads each other node */
	uint64_t rate, capacity;
	uint64_t tick; /* ns */
};

/* A node's frame in the store, and what it was before: a reader sees what was there half a round
 * trip ago. */
struct cluster_slot {
	const char *node; /* its writer */
	uint8_t bytes[2][8192];
	int length[2];
	uint64_t written_at;
	int newest;
};

struct cluster_node {
	struct tg_exchange *exchange;
	struct cluster_slot slot;
	uint64_t state, taken; /* of its bucket */
	bool watched;	       /* likewise */
	uint64_t next_tick, next_read;
	double owed_packets; /* of the load */
};

struct cluster {
	struct cluster_settings settings;
	struct tg_rate rate;
	struct cluster_node nodes[NODES], heads[NODES];
	uint64_t now;
	double height,
		highest; /* of what was admitted above R t, as in a bucket without a bottom */
	uint64_t admitted, offered;
	uint64_t second_began, second_admitted;
	double worst_second;
};

static const struct tg_shared_key cluster_key = {.limit = CLUSTER_LIMIT, .address = {10, 0, 0, 1}};

static struct tg_exchange *cluster_share(const struct cluster *cluster, const char *kind,
					 unsigned int i)
{
	struct tg_exchange_settings settings = {.epoch = i + 1,
						.tick = cluster->settings.tick,
						.stale_after = 1000 * MS,
						.max_sources = 64,
						.nodes_expected = cluster->settings.nodes};
	struct tg_exchange_rule rule = {.name = "api",
					.hash = CLUSTER_LIMIT,
					.capacity = cluster->settings.capacity,
					.rate = cluster->settings.rate};
	struct tg_exchange *exchange;

	snprintf(settings.node, sizeof(settings.node), "%s-%u", kind, i);
	exchange = tg_exchange_new(&settings);
	if (!exchange || tg_exchange_set_rules(exchange, &rule, 1))
		abort();
	return exchange;
}

/* Ticks fall anywhere within the first. */
static void cluster_node_init(struct cluster *cluster, struct cluster_node *node, const char *kind,
			      unsigned int i)
{
	node->exchange = cluster_share(cluster, kind, i);
	node->next_tick = cluster->now + (i * 7919 % 1009) * cluster->settings.tick / 1009;
	node->state = tg_gcra_state(0, tg_gcra_clock(&cluster->rate, cluster->now), 0);
	/* Nor do all send at the same instant. */
	node->owed_packets = (double)i / cluster->settings.nodes;
}

static struct cluster *cluster_new(const struct cluster_settings *settings)
{
	struct cluster *cluster = calloc(1, sizeof(*cluster));
	struct tg_refill refill = {settings->capacity, settings->rate, 1000 * MS, true};
	unsigned int i;

	if (!cluster || tg_rate_compile(&refill, 4 * MS, 300 * 1000 * MS, &cluster->rate))
		abort();
	cluster->settings = *settings;
	cluster->now = cluster->second_began = CLUSTER_START;
	for (i = 0; i < settings->nodes; i++)
		cluster_node_init(cluster, &cluster->nodes[i], "node", i);
	for (i = 0; i < settings->zones; i++)
		cluster_node_init(cluster, &cluster->heads[i], "zone", i);
	return cluster;
}

static void cluster_free(struct cluster *cluster)
{
	unsigned int i;

	for (i = 0; i < cluster->settings.nodes; i++)
		tg_exchange_free(&cluster->nodes[i].exchange);
	for (i = 0; i < cluster->settings.zones; i++)
		tg_exchange_free(&cluster->heads[i].exchange);
	free(cluster);
}

/* As the debit program has it: debts are charged whatever the bucket holds, up to the cap. */
static void cluster_tally(struct cluster *cluster, struct cluster_node *node)
{
	const struct tg_rate *rate = &cluster->rate;
	uint64_t clock = tg_gcra_clock(rate, cluster->now), deficit, most;
	size_t n, i;

	tg_sources_all(node->exchange, &n);
	for (i = 0; i < n; i++) {
		most = rate->capacity +
		       (tg_sources_debt_max(node->exchange, CLUSTER_LIMIT) << rate->scale);
		deficit = tg_gcra_deficit(rate, node->state, clock);
		if (!node->watched && node->taken > deficit >> rate->scale)
			node->taken = deficit >> rate->scale;
		deficit += tg_sources_take_debt(node->exchange, i) << rate->scale;
		node->state = tg_gcra_state(deficit < most ? deficit : most, clock, 0);
		tg_sources_count(node->exchange, i, node->taken, cluster->now);
		node->taken = 0;
		node->watched = true;
	}
}

static void cluster_write(struct cluster *cluster, struct cluster_node *node)
{
	struct cluster_slot *slot = &node->slot;
	int place = !slot->newest;

	slot->length[place] = tg_exchange_publish(node->exchange, slot->bytes[place]);
	if (slot->length[place] < 0)
		abort();
	slot->newest = place;
	slot->node = node->exchange->settings.node;
	slot->written_at = cluster->now;
}

static void cluster_read(struct cluster *cluster, struct cluster_node *node,
			 const struct cluster_slot *slot)
{
	int place = cluster->now < slot->written_at + ROUND_TRIP / 2 ? !slot->newest : slot->newest;

	if (slot->length[place])
		tg_peers_receive(node->exchange, slot->node, slot->bytes[place],
				 slot->length[place], cluster->now);
}

static unsigned int cluster_zone(const struct cluster *cluster, unsigned int i)
{
	return cluster->settings.zones ? i % cluster->settings.zones : 0;
}

/* A node reads the nodes of its zone, and one frame of each other zone. */
static void cluster_read_all(struct cluster *cluster, struct cluster_node *node, unsigned int zone,
			     bool is_head)
{
	unsigned int i;

	for (i = 0; i < cluster->settings.nodes; i++)
		if (&cluster->nodes[i] != node && cluster_zone(cluster, i) == zone)
			cluster_read(cluster, node, &cluster->nodes[i].slot);
	for (i = 0; i < cluster->settings.zones && !is_head; i++)
		if (i != zone)
			cluster_read(cluster, node, &cluster->heads[i].slot);
	tg_exchange_settle(node->exchange, true, cluster->now);
}

/* A zone's head tells the other zones what its nodes have taken together. */
static void cluster_sum_up(struct cluster *cluster, struct cluster_node *head)
{
	size_t n, i;

	tg_sources_all(head->exchange, &n);
	for (i = 0; i < n; i++)
		tg_sources_count(head->exchange, i, tg_sources_take_debt(head->exchange, i),
				 cluster->now);
}

static void cluster_step_node(struct cluster *cluster, struct cluster_node *node, unsigned int zone,
			      bool is_head)
{
	if (node->next_tick <= cluster->now) {
		if (is_head)
			cluster_sum_up(cluster, node);
		else
			cluster_tally(cluster, node);
		cluster_write(cluster, node);
		node->next_read = cluster->now + ROUND_TRIP;
		node->next_tick += cluster->settings.tick;
	}
	if (node->next_read && node->next_read <= cluster->now) {
		node->next_read = 0;
		cluster_read_all(cluster, node, zone, is_head);
		if (!is_head)
			cluster_tally(cluster, node);
	}
}

static void cluster_packet(struct cluster *cluster, struct cluster_node *node)
{
	uint64_t clock = tg_gcra_clock(&cluster->rate, cluster->now);
	__u64 deficit = tg_gcra_deficit(&cluster->rate, node->state, clock);
	size_t n;

	cluster->offered++;
	if (!tg_gcra_charge(&cluster->rate, &deficit, 1))
		return;
	node->state = tg_gcra_state(deficit, clock, 0);
	node->taken++;
	cluster->admitted++;
	cluster->second_admitted++;
	cluster->height++;
	if (cluster->height > cluster->highest)
		cluster->highest = cluster->height;
	/* As the packet program reports a source that it does not find on the list: what has been
	 * refilled since is nothing to tell. */
	tg_sources_all(node->exchange, &n);
	if (!n && node->taken >= 8) {
		deficit >>= cluster->rate.scale;
		tg_sources_add(node->exchange, &cluster_key,
			       node->taken < deficit ? node->taken : deficit, cluster->now);
		node->taken = 0;
	}
}

static void cluster_clock(struct cluster *cluster)
{
	double drained = cluster->settings.rate / 1000.0, second;

	cluster->now += MS;
	cluster->height = cluster->height > drained ? cluster->height - drained : 0;
	if (cluster->now - cluster->second_began < 1000 * MS)
		return;
	second = (double)cluster->second_admitted / cluster->settings.rate;
	if (second > cluster->worst_second)
		cluster->worst_second = second;
	cluster->second_admitted = 0;
	cluster->second_began = cluster->now;
}

/* Packets a second to @node at @ms. */
typedef double (*cluster_load)(const struct cluster *cluster, unsigned int node, unsigned int ms);

static void cluster_run(struct cluster *cluster, cluster_load load, unsigned int length_ms)
{
	unsigned int ms, i, first;

	for (ms = 0; ms < length_ms; ms++) {
		/* Nobody is always first. */
		first = ms * 31 % cluster->settings.nodes;
		for (i = 0; i < cluster->settings.nodes; i++) {
			unsigned int at = (first + i) % cluster->settings.nodes;
			struct cluster_node *node = &cluster->nodes[at];

			cluster_step_node(cluster, node, cluster_zone(cluster, at), false);
			for (node->owed_packets += load(cluster, at, ms) / 1000;
			     node->owed_packets >= 1; node->owed_packets--)
				cluster_packet(cluster, node);
		}
		for (i = 0; i < cluster->settings.zones; i++)
			cluster_step_node(cluster, &cluster->heads[i], i, true);
		cluster_clock(cluster);
	}
}

#endif
