// SPDX-License-Identifier: GPL-2.0-or-later
/* Looks at interfaces, table, cluster and policy, in this order. */
#include "control/health.h"

#include <string.h>

#include "cluster/cluster_stats.h"
#include "config/interfaces.h"
#include "daemon/daemon.h"
#include "daemon/history.h"
#include "datapath/stats.h"
#include "base/clock.h"

#define NEARLY_FULL 90 /* percent */

static bool is_there(const struct tg_stats *stats, const char *name)
{
	size_t i;

	for (i = 0; i < stats->interfaces_n; i++)
		if (strcmp(stats->interfaces[i].name, name) == 0)
			return true;
	return false;
}

static void look_at_interfaces(const struct tg_stats *stats, const struct tg_config *config,
			       json_t *problems)
{
	size_t i;

	for (i = 0; i < stats->interfaces_n; i++)
		if (!stats->interfaces[i].healthy)
			json_array_append_new(
				problems,
				json_sprintf(
					"%s (%s): nothing is enforced there, its program is gone",
					stats->interfaces[i].name, stats->interfaces[i].hook));
	for (i = 0; i < config->interfaces_n; i++)
		if (!tg_interface_is_glob(config->interfaces[i].name) &&
		    !is_there(stats, config->interfaces[i].name))
			json_array_append_new(problems, json_sprintf("%s is not there",
								     config->interfaces[i].name));
}

static void look_at_table(const struct tg_stats *stats, json_t *problems)
{
	if (stats->full)
		json_array_append_new(problems,
				      json_string("the table is full: new sources share buckets"));
	else if (stats->buckets * 100 >= (uint64_t)stats->table_size * NEARLY_FULL)
		json_array_append_new(problems,
				      json_sprintf("the table is %llu %% full",
						   (unsigned long long)(stats->buckets * 100 /
									stats->table_size)));
}

static void look_at_cluster(const struct tg_daemon *daemon, json_t *problems)
{
	char problem[320];

	tg_cluster_problem(daemon->cluster, problem, sizeof(problem));
	if (*problem)
		json_array_append_new(problems, json_string(problem));
}

json_t *tg_health_problems(const struct tg_stats *stats, const struct tg_daemon *daemon)
{
	json_t *problems = json_array();

	look_at_interfaces(stats, daemon->config, problems);
	look_at_table(stats, problems);
	look_at_cluster(daemon, problems);
	if (daemon->reload_failed)
		json_array_append_new(
			problems, json_string("the last reload failed, and the policy before it "
					      "is in force"));
	if (daemon->history.deadline_ns)
		json_array_append_new(
			problems, json_sprintf("not confirmed: goes back in %llu s",
					       (unsigned long long)(tg_history_remaining(daemon) /
								    NS_PER_S)));
	return problems;
}

json_t *tg_health_line(const json_t *problems)
{
	json_t *line = json_string("ok"), *longer;
	const json_t *problem;
	size_t i;

	json_array_foreach(problems, i, problem)
	{
		longer = json_sprintf(i ? "%s; %s" : "%.0s%s", json_string_value(line),
				      json_string_value(problem));
		json_decref(line);
		line = longer;
	}
	return line;
}
