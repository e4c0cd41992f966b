// SPDX-License-Identifier: GPL-2.0-or-later
/* Describes in words the nodes that share limits, and what sharing means for a limit. */
#include <inttypes.h>

#include "explain/lint.h"
#include "config/names.h"
#include "explain/describe.h"
#include "base/units.h"

void tg_describe_cluster(const struct tg_config_cluster *cluster, FILE *out)
{
	char url[TG_CONFIG_STORE_URL_SIZE], text[64];
	size_t i;

	fprintf(out, "%s, of which this node is %s; every %s they meet at ", cluster->name,
		cluster->node, tg_format_duration(cluster->interval, text, sizeof(text)));
	for (i = 0; i < cluster->stores_n; i++)
		fprintf(out, "%s%s", i ? ", or else at " : "",
			tg_config_store_url(&cluster->stores[i], url, sizeof(url)));
	fprintf(out, "; who is not heard for %s counts as lost; %" PRIu32 " source%s at most",
		tg_format_duration(cluster->stale_after, text, sizeof(text)), cluster->max_sources,
		cluster->max_sources == 1 ? "" : "s");
	if (cluster->nodes_expected)
		fprintf(out, "; %" PRIu32 " node%s at least", cluster->nodes_expected,
			cluster->nodes_expected == 1 ? "" : "s");
	if (cluster->frame_key_file[0])
		fputs("; what they tell is signed", out);
}

void tg_describe_sharing(const struct tg_config_limit *limit, FILE *out)
{
	static const char *const losses[] = {
		[TG_STORE_LOSS_SPLIT] = "this node has its part",
		[TG_STORE_LOSS_HOLD] =
			("they are taken to go on as they did, for 30s, and then this node "
			 "has its part"),
		[TG_STORE_LOSS_LOCAL] = "this node has all of it",
		[TG_STORE_LOSS_OPEN] = "everything passes",
	};

	if (!limit->shared)
		fputs("for this machine alone", out);
	else
		fprintf(out, "shared: while other nodes cannot be heard, %s",
			losses[limit->on_store_loss]);
}

void tg_describe_excess_of_nodes(const struct tg_config *config,
				 const struct tg_config_limit *limit, FILE *out)
{
	uint32_t nodes = config->cluster.nodes_expected;
	double excess = tg_lint_shared_bound(config, limit, nodes > 1 ? nodes : 2);
	const char *unit = limit->per == TG_CONFIG_PER_KEY && limit->unit == TG_CONFIG_PACKETS
				   ? "requests"
				   : tg_unit_name(limit->unit);

	if (nodes > 1)
		fprintf(out, "%" PRIu32 " nodes together can for once admit %.0f %s more than one",
			nodes, excess, unit);
	else
		fprintf(out, "each further node can for once admit %.0f %s more", excess, unit);
}
