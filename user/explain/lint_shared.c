// SPDX-License-Identifier: GPL-2.0-or-later
/* Warns of shared limits that admit far more than they say, and of passwords sent in clear. */
#include <inttypes.h>
#include <string.h>

#include "explain/lint.h"
#include "base/units.h"
#include "base/clock.h"

/*
 * Warns if all nodes together admit more than this many times what one does, in the worst second.
 */
#define MUCH 3

static double tokens_per_second(const struct tg_config_limit *limit)
{
	return (double)limit->refill.amount * NS_PER_S / (double)limit->refill.interval;
}

/* Returns R S of tg_shared_excess(): the tokens refilled in S, in whole steps if stepped. */
static double refilled_unheard(const struct tg_config *config, const struct tg_config_limit *limit)
{
	uint64_t unheard = TG_SHARED_UNHEARD_TICKS * config->cluster.interval;

	if (limit->refill.continuous)
		return tokens_per_second(limit) * (double)unheard / NS_PER_S;
	return (double)(unheard / limit->refill.interval + 1) * (double)limit->refill.amount;
}

double tg_lint_shared_bound(const struct tg_config *config, const struct tg_config_limit *limit,
			    uint32_t nodes)
{
	return tg_shared_excess(nodes, (double)limit->refill.capacity,
				refilled_unheard(config, limit));
}

static void advise_bound(const struct tg_config *config, size_t i,
			 struct tg_diagnostics *diagnostics)
{
	const struct tg_config_limit *limit = &config->limits[i];
	uint32_t nodes = config->cluster.nodes_expected;
	double excess = nodes ? tg_lint_shared_bound(config, limit, nodes) : 0;
	double once = (double)limit->refill.capacity + tokens_per_second(limit);

	if (once + excess <= MUCH * once ||
	    (double)limit->refill.capacity < refilled_unheard(config, limit))
		return;
	tg_diagnose(diagnostics, TG_WARNING, config->path, limit->place,
		    "limits[%zu].capacity: in the worst second %" PRIu32
		    " nodes together admit %.0f "
		    "where one admits %.0f, mostly because each has a bucket of %" PRIu64
		    "; write a smaller capacity",
		    i, nodes, once + excess, once, limit->refill.capacity);
}

static void advise_interval(const struct tg_config *config, size_t i,
			    struct tg_diagnostics *diagnostics)
{
	const struct tg_config_limit *limit = &config->limits[i];
	double interval = (double)config->cluster.interval;
	char text[64];

	if (tokens_per_second(limit) * interval / NS_PER_S <= (double)limit->refill.capacity)
		return;
	tg_diagnose(
		diagnostics, TG_WARNING, config->path, limit->place,
		"limits[%zu].capacity: the nodes hear of each other every %s, and the rate "
		"refills more than this bucket holds in that time; write a shorter interval for "
		"the cluster, or a larger capacity",
		i, tg_format_duration(config->cluster.interval, text, sizeof(text)));
}

static bool is_here(const struct tg_config_store *store)
{
	return store->scheme == TG_CONFIG_UNIX || strcmp(store->host, "localhost") == 0 ||
	       strncmp(store->host, "127.", 4) == 0 || strcmp(store->host, "::1") == 0;
}

static void advise_passwords(const struct tg_config *config, struct tg_diagnostics *diagnostics)
{
	const struct tg_config_cluster *cluster = &config->cluster;
	size_t i;

	for (i = 0; i < cluster->stores_n && cluster->password_file[0]; i++) {
		if (cluster->stores[i].scheme == TG_CONFIG_REDISS || is_here(&cluster->stores[i]))
			continue;
		tg_diagnose(
			diagnostics, TG_WARNING, config->path, cluster->place,
			"cluster.redis: the password goes to %s unencrypted, for all on the way "
			"to see; write rediss:// if the server has TLS",
			cluster->stores[i].host);
		return;
	}
}

void tg_lint_shared(const struct tg_config *config, struct tg_diagnostics *diagnostics)
{
	size_t i;

	advise_passwords(config, diagnostics);
	for (i = 0; i < config->limits_n; i++) {
		if (!config->limits[i].shared)
			continue;
		advise_bound(config, i, diagnostics);
		advise_interval(config, i, diagnostics);
	}
}
