// SPDX-License-Identifier: GPL-2.0-or-later
/* Looks at interfaces, table, cluster and policy, in this order. */
#include "control/health.h"

#include <string.h>

#include "cluster/cluster_stats.h"
#include "config/names.h"
#include "daemon/daemon.h"
#include "daemon/history.h"
#include "datapath/stats.h"
#include "base/clock.h"

#define NEARLY_FULL 90 /* percent */

/* So many interfaces that are not limited get a sentence of their own. */
#define NAMED 8

/* Returns the index of the first entry with the interface and the reason of entry @i. */
static size_t first_of(const struct tg_missing_list *missing, size_t i)
{
	const struct tg_missing *items = missing->items;
	size_t j = 0;

	while (items[j].ifindex != items[i].ifindex || items[j].reason != items[i].reason ||
	       strcmp(items[j].name, items[i].name) != 0)
		j++;
	return j;
}

static json_t *sentence_of(const struct tg_missing *missing)
{
	switch (missing->reason) {
	case TG_MISSING_ABSENT:
		return json_string(missing->why);
	case TG_MISSING_REFUSED:
		return json_sprintf("%s (%s) is not limited, and is tried again: %s", missing->name,
				    tg_hook_name(missing->hook), missing->why);
	case TG_MISSING_UNSUPPORTED:
		return json_sprintf("%s (%s) is not limited: %s", missing->name,
				    tg_hook_name(missing->hook), missing->why);
	case TG_MISSING_NO_ROOM:
		break;
	}
	return json_sprintf("%s is not limited: as many interfaces are limited as can be",
			    missing->name);
}

/* A hook that is refused has a reason of its own. Otherwise one sentence is for all of them. */
static void look_at_missing(const struct tg_missing_list *missing, enum tg_missing_reason reason,
			    json_t *problems)
{
	size_t i, named = 0, more = reason == TG_MISSING_NO_ROOM ? missing->unlisted : 0, first;
	bool is_named[TG_MISSING_MAX] = {};

	for (i = 0; i < missing->n; i++) {
		if (missing->items[i].reason != reason)
			continue;
		first = reason == TG_MISSING_REFUSED || reason == TG_MISSING_UNSUPPORTED
				? i
				: first_of(missing, i);
		if (first < i && is_named[first])
			continue;
		if (named == NAMED) {
			more++;
			continue;
		}
		named++;
		is_named[i] = true;
		json_array_append_new(problems, sentence_of(&missing->items[i]));
	}
	if (more)
		json_array_append_new(problems, json_sprintf("%zu more %s not limited (%s)", more,
							     more == 1 ? "hook is" : "hooks are",
							     tg_missing_reason_name(reason)));
}

static void look_at_attached(const struct tg_interface_stats *attached, json_t *problems)
{
	if (attached->leaving)
		json_array_append_new(
			problems,
			json_sprintf("%s (%s) is not to be limited any more, but cannot be "
				     "detached, which is tried again",
				     attached->name, attached->hook));
	else if (!attached->healthy)
		json_array_append_new(
			problems,
			json_sprintf("%s (%s): nothing is enforced there, its program is gone",
				     attached->name, attached->hook));
}

static void look_at_interfaces(const struct tg_stats *stats, json_t *problems)
{
	size_t i;

	if (!stats->interfaces_n)
		json_array_append_new(problems, json_string("nothing is attached"));
	for (i = 0; i < stats->interfaces_n; i++)
		look_at_attached(&stats->interfaces[i], problems);
	if (stats->unlisted[0])
		json_array_append_new(problems,
				      json_sprintf("%s; what is attached stays", stats->unlisted));
	look_at_missing(&stats->missing, TG_MISSING_REFUSED, problems);
	look_at_missing(&stats->missing, TG_MISSING_UNSUPPORTED, problems);
	look_at_missing(&stats->missing, TG_MISSING_NO_ROOM, problems);
	look_at_missing(&stats->missing, TG_MISSING_ABSENT, problems);
}

/* Returns "dns, web", the limits that have no room, which the caller releases; NULL if all have
 * none.
 */
static json_t *names_of_full(const struct tg_stats *stats)
{
	json_t *names = NULL, *longer;
	size_t i, full = 0;

	for (i = 0; i < stats->limits_n; i++) {
		if (!stats->limits[i].full)
			continue;
		full++;
		longer = json_sprintf(names ? "%s, %s" : "%s%s",
				      names ? json_string_value(names) : "", stats->limits[i].name);
		json_decref(names);
		names = longer;
	}
	if (full == stats->limits_n) {
		json_decref(names);
		names = NULL;
	}
	return names;
}

static void look_at_full(const struct tg_stats *stats, json_t *problems)
{
	json_auto_t *names = names_of_full(stats);

	json_array_append_new(
		problems,
		names ? json_sprintf("the table is full for %s: new sources share buckets",
				     json_string_value(names))
		      : json_string("the table is full: new sources share buckets"));
}

static void look_at_table(const struct tg_stats *stats, json_t *problems)
{
	const struct tg_limit_stats *limit;
	uint64_t percent = stats->buckets * 100 / stats->table_size;
	size_t i;

	if (stats->undivided)
		json_array_append_new(
			problems, json_string("the table is not divided as the policy says, which "
					      "is tried again"));
	if (stats->full) {
		look_at_full(stats, problems);
		return;
	}
	if (percent >= NEARLY_FULL) {
		json_array_append_new(problems, json_sprintf("the table is %llu %% full",
							     (unsigned long long)percent));
		return;
	}
	for (i = 0; i < stats->limits_n; i++) {
		limit = &stats->limits[i];
		if (!limit->buckets)
			continue;
		percent = limit->buckets * 100 / (limit->buckets + limit->room);
		if (percent >= NEARLY_FULL && !limit->has_one_bucket)
			json_array_append_new(
				problems, json_sprintf("the table is %llu %% full for %s",
						       (unsigned long long)percent, limit->name));
	}
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

	look_at_interfaces(stats, problems);
	look_at_table(stats, problems);
	look_at_cluster(daemon, problems);
	if (daemon->reload_failed)
		json_array_append_new(
			problems, json_string("the last reload failed, and the policy before it "
					      "is in force"));
	if (daemon->unconfirmed[0])
		json_array_append_new(problems,
				      json_sprintf("%s; `tidegate reload` takes the file as it is",
						   daemon->unconfirmed));
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
