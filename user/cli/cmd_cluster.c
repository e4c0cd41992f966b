// SPDX-License-Identifier: GPL-2.0-or-later
/* The command cluster: shows the other nodes, the store between them, and shared limits. */
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/columns.h"
#include "cli/show.h"
#include "control/client.h"
#include "cli/commands.h"
#include "base/json.h"

static double real_of(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

static json_t *percent_of(double part)
{
	return json_sprintf("%.0f %%", part * 100);
}

static void print_state(const json_t *result)
{
	const char *state = tg_json_text(result, "state");

	if (strcmp(state, "heard") == 0)
		printf("the other nodes are heard, the last time %.0f ms ago\n",
		       real_of(result, "last_round_ms"));
	else if (json_is_null(json_object_get(result, "last_round_ms")))
		puts("THE OTHER NODES HAVE NOT BEEN HEARD YET");
	else
		printf("THE OTHER NODES ARE NOT HEARD, since %.0f s\n",
		       real_of(result, "last_round_ms") / 1000);
}

static void print_store(const json_t *store)
{
	const char *error = tg_json_text(store, "error");

	printf("store %s: ", tg_json_text(store, "server"));
	if (json_is_true(json_object_get(store, "connected")))
		printf("connected, round trip %.1f ms", real_of(store, "round_trip_ms"));
	else
		fputs("NOT CONNECTED", stdout);
	printf(", %lld rounds, %lld missed", tg_json_number(store, "rounds"),
	       tg_json_number(store, "missed"));
	printf(*error ? "; last error: %s\n" : "%s\n", error);
}

static const struct tg_column node_columns[] = {
	TG_COLUMN("node", "NODE"),
	TG_COLUMN("state", "STATE"),
	TG_COLUMN("last_frame", "LAST FRAME"),
	TG_COLUMN("share", "SHARE"),
	TG_COLUMN("frames", "FRAMES", .right = true),
	TG_COLUMN("lost", "LOST", .right = true),
	TG_COLUMN("repeated", "REPEATED", .right = true),
	{},
};

static const struct tg_column limit_columns[] = {
	TG_COLUMN("limit", "LIMIT"),
	TG_COLUMN("mode", "MODE"),
	TG_COLUMN("differs_on", "DIFFERS ON"),
	TG_COLUMN("sources", "SOURCES", .right = true),
	TG_COLUMN("left_out", "LEFT OUT", .right = true),
	TG_COLUMN("overshoot_seen", "OVERSHOOT SEEN", .right = true),
	TG_COLUMN("bound", "BOUND", .right = true),
	{},
};

static json_t *node_row(const json_t *peer)
{
	return json_pack("[s,s,o,o,I,I,I]", tg_json_text(peer, "node"), tg_json_text(peer, "state"),
			 json_sprintf("%.0f ms", real_of(peer, "age_ms")),
			 percent_of(real_of(peer, "share")), tg_json_number(peer, "frames"),
			 tg_json_number(peer, "lost"), tg_json_number(peer, "repeated"));
}

static void print_nodes(const json_t *result, const struct tg_arguments *arguments)
{
	json_t *rows = json_array();
	const json_t *peer;
	size_t i;

	json_array_append_new(rows,
			      json_pack("[s,s,s,o,s,s,s]", tg_json_text(result, "node"), "this one",
					"", percent_of(real_of(result, "share")), "", "", ""));
	json_array_foreach(json_object_get(result, "peers"), i, peer)
		json_array_append_new(rows, node_row(peer));
	tg_show_table(node_columns, rows, arguments);
}

/* Returns the names with commas between them. */
static json_t *list_of(const json_t *names)
{
	json_t *list = json_string(""), *longer;
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name)
	{
		longer = json_sprintf(i ? "%s, %s" : "%s%s", json_string_value(list),
				      json_string_value(name));
		json_decref(list);
		list = longer;
	}
	return list;
}

static json_t *mode_of(const json_t *limit)
{
	const char *mode = tg_json_text(limit, "mode");

	if (strcmp(mode, "split") == 0)
		return json_sprintf("split by %lld", tg_json_number(limit, "parts"));
	return json_string(mode);
}

static void print_shared_limits(const json_t *limits, const struct tg_arguments *arguments)
{
	json_t *rows = json_array();
	const json_t *limit;
	size_t i;

	json_array_foreach(limits, i, limit) json_array_append_new(
		rows, json_pack("[s,o,o,I,I,I,I]", tg_json_text(limit, "limit"), mode_of(limit),
				list_of(json_object_get(limit, "differs_on")),
				tg_json_number(limit, "sources"), tg_json_number(limit, "left_out"),
				tg_json_number(limit, "overshoot_seen"),
				tg_json_number(limit, "overshoot_bound")));
	tg_show_table(limit_columns, rows, arguments);
}

static void print_refused(const json_t *refused)
{
	json_int_t damaged = tg_json_number(refused, "damaged"),
		   forged = tg_json_number(refused, "forged"),
		   unknown = tg_json_number(refused, "unknown");

	if (damaged || forged || unknown)
		printf("\nframes refused: %lld damaged, %lld not signed with this key, %lld of "
		       "another version or none at all\n",
		       damaged, forged, unknown);
}

static void print_cluster(const json_t *result, const struct tg_arguments *arguments)
{
	const json_t *sources = json_object_get(result, "sources"),
		     *limits = json_object_get(result, "limits");

	if (arguments->columns) {
		print_nodes(result, arguments);
		print_shared_limits(limits, arguments);
		return;
	}
	printf("cluster %s, node %s (epoch %s), %lld node(s), interval %.0f ms\n",
	       tg_json_text(result, "cluster"), tg_json_text(result, "node"),
	       tg_json_text(result, "epoch"), tg_json_number(result, "nodes"),
	       real_of(result, "interval_ms"));
	if (json_is_true(json_object_get(result, "name_taken")))
		printf("another node is called %s as well: the two do not share; give each a `node` of its "
		       "own\n",
		       tg_json_text(result, "node"));
	print_state(result);
	print_store(json_object_get(result, "store"));
	printf("sources exchanged: %lld of %lld; left out for lack of room: %lld\n",
	       tg_json_number(sources, "listed"), tg_json_number(sources, "max"),
	       tg_json_number(sources, "left_out"));
	putchar('\n');
	print_nodes(result, arguments);
	putchar('\n');
	if (json_array_size(limits))
		print_shared_limits(limits, arguments);
	else
		puts("no limit is shared; write shared: true in one");
	print_refused(json_object_get(result, "frames_refused"));
}

static int run_cluster(const struct tg_arguments *arguments)
{
	return tg_show(json_pack("{s:s}", "command", "cluster"), arguments, print_cluster);
}

const struct tg_command cmd_cluster = {
	.name = "cluster",
	.does = "other nodes and their store, and limits shared with them",
	.tables = {node_columns, limit_columns},
	.run = run_cluster,
};
