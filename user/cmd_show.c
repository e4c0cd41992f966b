// SPDX-License-Identifier: GPL-2.0-or-later
/* status, limits: what is going on. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "cli_print.h"
#include "client.h"
#include "columns.h"
#include "commands.h"
#include "json.h"

static void print_interfaces(const json_t *interfaces)
{
	json_t *rows = json_pack("[[s,s,s,s,s,s,s]]", "INTERFACE", "HOOK", "MODE", "LINK",
				 "RECEIVED", "PASSED", "DROPPED");
	const json_t *interface;
	size_t i;

	json_array_foreach(interfaces, i, interface) json_array_append_new(
		rows, json_pack("[s,s,s,s,I,I,I]", tg_json_text(interface, "interface"),
				tg_json_text(interface, "hook"), tg_json_text(interface, "mode"),
				json_is_true(json_object_get(interface, "healthy")) ? "healthy"
										    : "BROKEN",
				tg_json_number(interface, "received"),
				tg_json_number(interface, "passed"),
				tg_json_number(interface, "dropped")));
	tg_columns_print(rows, stdout);
	json_decref(rows);
}

static void print_waiting(const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name) printf(
		"%-16s not there; it is limited as soon as it appears\n", json_string_value(name));
}

static void print_reasons(const json_t *interfaces)
{
	json_t *rows = json_pack("[[s,s,s]]", "INTERFACE", "REASON", "PACKETS");
	const json_t *interface, *count;
	const char *reason;
	size_t i;

	json_array_foreach(interfaces, i, interface)
		json_object_foreach(json_object_get(interface, "reasons"), reason, count)
			json_array_append_new(rows, json_pack("[s,s,I]",
							      tg_json_text(interface, "interface"),
							      reason, json_integer_value(count)));
	if (json_array_size(rows) > 1) {
		putchar('\n');
		tg_columns_print(rows, stdout);
	}
	json_decref(rows);
}

static void print_shadow(const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name) printf(
		"%s%s", i ? ", " : "in shadow, counting and not acting: ", json_string_value(name));
	if (json_array_size(names))
		putchar('\n');
}

static void print_status(const json_t *result)
{
	const json_t *daemon = json_object_get(result, "daemon");
	const json_t *table = json_object_get(result, "table");
	const json_t *interfaces = json_object_get(result, "interfaces");

	printf("tidegated %s, pid %lld, up %lld s; policy generation %lld with %lld limit(s)\n",
	       tg_json_text(daemon, "version"), tg_json_number(daemon, "pid"),
	       tg_json_number(daemon, "uptime_ms") / 1000, tg_json_number(result, "generation"),
	       tg_json_number(result, "limits"));
	printf("health: %s\n", tg_json_text(result, "health"));
	printf("configuration %s, state %s\n", tg_json_text(daemon, "config"),
	       tg_json_text(daemon, "state"));
	if (strcmp(tg_json_text(result, "policy"), tg_json_text(daemon, "config")) != 0)
		printf("policy from %s\n", tg_json_text(result, "policy"));
	if (json_is_object(json_object_get(result, "confirm")))
		printf("NOT CONFIRMED: goes back in %lld s unless `tidegate confirm` comes first\n",
		       tg_json_number(json_object_get(result, "confirm"), "remaining_ms") / 1000);
	print_shadow(json_object_get(result, "shadow_limits"));
	printf("table: %lld of %lld buckets used%s\n\n", tg_json_number(table, "buckets"),
	       tg_json_number(table, "size"),
	       json_is_true(json_object_get(table, "full"))
		       ? "; FULL: new sources share overflow buckets"
		       : "");
	print_interfaces(interfaces);
	print_waiting(json_object_get(result, "waiting_for"));
	print_reasons(interfaces);
}

int cmd_status(int argc, char **argv)
{
	struct tg_arguments arguments;

	if (!tg_arguments_parse(argc, argv, "", 0, 0, &arguments))
		return TG_EXIT_USAGE;
	return tg_client_show(json_pack("{s:s}", "command", "status"), arguments.json,
			      print_status);
}

/* What becomes of packets beyond a limit, beside being dropped: shown only where there is any. */
static const struct {
	const char *verdict, *title, *action;
} verdicts[] = {
	{"marked", "MARKED", "mark"},
	{"delayed", "DELAYED", "delay"},
	{"rejected", "REJECTED", "reject"},
	{"shadow_exceeded", "SHADOW EXCEEDED", "shadow"},
};

#define VERDICTS (sizeof(verdicts) / sizeof(verdicts[0]))

/* "shadow", or as on_exceed has it. */
static const char *action_of(const json_t *limit)
{
	return json_is_true(json_object_get(limit, "shadow")) ? "shadow"
							      : tg_json_text(limit, "on_exceed");
}

static void find_columns(const json_t *limits, bool columns[VERDICTS])
{
	const json_t *limit;
	size_t i, j;

	json_array_foreach(limits, i, limit)
	{
		for (j = 0; j < VERDICTS; j++)
			columns[j] |= strcmp(action_of(limit), verdicts[j].action) == 0 ||
				      tg_json_number(json_object_get(limit, "packets"),
						     verdicts[j].verdict);
	}
}

static json_t *row_of(const json_t *limit, const bool columns[VERDICTS])
{
	const json_t *packets = json_object_get(limit, "packets");
	char refill[96];
	json_t *row = json_pack(
		"[s,s,I,s,s,I,I,I]", tg_json_text(limit, "name"), tg_json_text(limit, "unit"),
		tg_json_number(limit, "capacity"), tg_json_refill(limit, refill, sizeof(refill)),
		action_of(limit), tg_json_number(limit, "buckets"),
		tg_json_number(packets, "admitted"), tg_json_number(packets, "dropped"));
	size_t i;

	for (i = 0; i < VERDICTS; i++)
		if (columns[i])
			json_array_append_new(
				row, json_integer(tg_json_number(packets, verdicts[i].verdict)));
	return row;
}

static void print_limits(const json_t *result)
{
	const json_t *limits = json_object_get(result, "limits"), *limit;
	json_t *rows = json_pack("[[s,s,s,s,s,s,s,s]]", "LIMIT", "UNIT", "CAPACITY", "REFILL",
				 "EXCESS", "BUCKETS", "ADMITTED", "DROPPED");
	bool columns[VERDICTS] = {};
	size_t i;

	find_columns(limits, columns);
	for (i = 0; i < VERDICTS; i++)
		if (columns[i])
			json_array_append_new(json_array_get(rows, 0),
					      json_string(verdicts[i].title));
	json_array_foreach(limits, i, limit) json_array_append_new(rows, row_of(limit, columns));
	tg_columns_print(rows, stdout);
	json_decref(rows);
}

int cmd_limits(int argc, char **argv)
{
	struct tg_arguments arguments;

	if (!tg_arguments_parse(argc, argv, "", 0, 1, &arguments))
		return TG_EXIT_USAGE;
	return tg_client_show(
		json_pack("{s:s, s:s*}", "command", "limits", "limit", arguments.operands[0]),
		arguments.json, print_limits);
}
