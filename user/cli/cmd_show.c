// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands status and limits: show settings and counters. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/columns.h"
#include "cli/print.h"
#include "cli/show.h"
#include "control/client.h"
#include "cli/commands.h"
#include "base/json.h"

static const struct tg_column interface_columns[] = {
	TG_COLUMN("interface", "INTERFACE"),
	TG_COLUMN("hook", "HOOK"),
	TG_COLUMN("mode", "MODE"),
	TG_COLUMN("header", "HEADER"),
	TG_COLUMN("link", "LINK"),
	TG_COLUMN("received", "RECEIVED", .right = true),
	TG_COLUMN("passed", "PASSED", .right = true),
	TG_COLUMN("dropped", "DROPPED", .right = true),
	{},
};

static void print_interfaces(const json_t *interfaces, const struct tg_arguments *arguments)
{
	json_t *rows = json_array();
	const json_t *interface;
	size_t i;

	json_array_foreach(interfaces, i, interface) json_array_append_new(
		rows, json_pack("[s,s,s,s,s,I,I,I]", tg_json_text(interface, "interface"),
				tg_json_text(interface, "hook"), tg_json_text(interface, "mode"),
				tg_json_text(interface, "header"),
				json_is_true(json_object_get(interface, "healthy")) ? "healthy"
										    : "BROKEN",
				tg_json_number(interface, "received"),
				tg_json_number(interface, "passed"),
				tg_json_number(interface, "dropped")));
	tg_show_table(interface_columns, rows, arguments);
}

static void print_generic(const json_t *interfaces)
{
	const json_t *interface;
	size_t i;

	json_array_foreach(interfaces, i, interface)
	{
		if (strcmp(tg_json_text(interface, "mode"), "generic") == 0)
			printf("%-16s generic XDP: slower, and what GSO or GRO has merged passes "
			       "or is dropped whole\n",
			       tg_json_text(interface, "interface"));
	}
}

static void print_waiting(const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name) printf(
		"%-16s not there; it is limited as soon as it appears\n", json_string_value(name));
}

/* Those that are there and not limited. */
static void print_missing(const json_t *missing)
{
	const json_t *one;
	size_t i;

	json_array_foreach(missing, i, one)
	{
		if (strcmp(tg_json_text(one, "reason"), "absent") != 0)
			printf("%-16s not limited (%s): %s\n", tg_json_text(one, "interface"),
			       tg_json_text(one, "hook"), tg_json_text(one, "why"));
	}
}

static const struct tg_column reason_columns[] = {
	TG_COLUMN("interface", "INTERFACE"),
	TG_COLUMN("reason", "REASON"),
	TG_COLUMN("packets", "PACKETS", .right = true),
	{},
};

static void print_reasons(const json_t *interfaces, const struct tg_arguments *arguments)
{
	json_t *rows = json_array();
	const json_t *interface, *count;
	const char *reason;
	size_t i;

	json_array_foreach(interfaces, i, interface)
		json_object_foreach(json_object_get(interface, "reasons"), reason, count)
			json_array_append_new(rows, json_pack("[s,s,I]",
							      tg_json_text(interface, "interface"),
							      reason, json_integer_value(count)));
	if (json_array_size(rows)) {
		putchar('\n');
		tg_show_table(reason_columns, rows, arguments);
	} else {
		json_decref(rows);
	}
}

static void print_shadow_limits(const json_t *names)
{
	const json_t *name;
	size_t i;

	json_array_foreach(names, i, name) printf(
		"%s%s", i ? ", " : "in shadow, counting and not acting: ", json_string_value(name));
	if (json_array_size(names))
		putchar('\n');
}

static void print_table(const json_t *table)
{
	const json_t *names = json_object_get(table, "full_limits"), *name;
	size_t i;

	printf("table: %lld of %lld buckets used", tg_json_number(table, "buckets"),
	       tg_json_number(table, "size"));
	if (tg_json_number(table, "reserved"))
		printf(", %lld reserved for limits", tg_json_number(table, "reserved"));
	json_array_foreach(names, i, name)
		printf("%s%s", i ? ", " : "; FULL for ", json_string_value(name));
	fputs(json_array_size(names) ? ": new sources share overflow buckets\n\n" : "\n\n", stdout);
}

static void print_status(const json_t *result, const struct tg_arguments *arguments)
{
	const json_t *daemon = json_object_get(result, "daemon");
	const json_t *table = json_object_get(result, "table");
	const json_t *interfaces = json_object_get(result, "interfaces");

	if (arguments->columns) {
		print_interfaces(interfaces, arguments);
		return;
	}
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
	print_shadow_limits(json_object_get(result, "shadow_limits"));
	print_table(table);
	print_interfaces(interfaces, arguments);
	print_generic(json_object_get(result, "interfaces"));
	print_waiting(json_object_get(result, "waiting_for"));
	print_missing(json_object_get(result, "missing"));
	print_reasons(interfaces, arguments);
}

static int run_status(const struct tg_arguments *arguments)
{
	return tg_show(json_pack("{s:s}", "command", "status"), arguments, print_status);
}

const struct tg_command cmd_status = {
	.name = "status",
	.does = "daemon, interfaces, table",
	.tables = {interface_columns},
	.run = run_status,
};

static const struct tg_column limit_columns[] = {
	TG_COLUMN("limit", "LIMIT"),
	TG_COLUMN("unit", "UNIT"),
	TG_COLUMN("capacity", "CAPACITY", .right = true),
	TG_COLUMN("refill", "REFILL"),
	TG_COLUMN("excess", "EXCESS"),
	TG_COLUMN("buckets", "BUCKETS", .right = true),
	TG_COLUMN("admitted", "ADMITTED", .right = true),
	TG_COLUMN("dropped", "DROPPED", .right = true),
	TG_COLUMN("marked", "MARKED", .right = true, .extra = true),
	TG_COLUMN("delayed", "DELAYED", .right = true, .extra = true),
	TG_COLUMN("rejected", "REJECTED", .right = true, .extra = true),
	TG_COLUMN("shadow_exceeded", "SHADOW EXCEEDED", .right = true, .extra = true),
	TG_COLUMN("reserved", "RESERVED", .right = true),
	{},
};

#define COLUMNS (sizeof(limit_columns) / sizeof(limit_columns[0]))

/* Columns of verdicts other than dropped, shown only if a limit acts so or has such packets. */
static const struct {
	const char *verdict, *action; /* a column's name, and its on_exceed */
} verdicts[] = {
	{"marked", "mark"},
	{"delayed", "delay"},
	{"rejected", "reject"},
	{"shadow_exceeded", "shadow"},
};

#define VERDICTS (sizeof(verdicts) / sizeof(verdicts[0]))

/* Returns "shadow", or the limit's on_exceed. */
static const char *action_of(const json_t *limit)
{
	return json_is_true(json_object_get(limit, "shadow")) ? "shadow"
							      : tg_json_text(limit, "on_exceed");
}

static bool has_any(const json_t *limits, const char *verdict, const char *action)
{
	const json_t *limit;
	size_t i;

	json_array_foreach(limits, i, limit)
	{
		if (strcmp(action_of(limit), action) == 0 ||
		    tg_json_number(json_object_get(limit, "packets"), verdict))
			return true;
	}
	return false;
}

static json_t *limit_row(const json_t *limit)
{
	const json_t *packets = json_object_get(limit, "packets");
	char refill[96];

	return json_pack("[s,s,I,s,s,I,I,I,I,I,I,I,I]", tg_json_text(limit, "name"),
			 tg_json_text(limit, "unit"), tg_json_number(limit, "capacity"),
			 tg_json_refill(limit, refill, sizeof(refill)), action_of(limit),
			 tg_json_number(limit, "buckets"), tg_json_number(packets, "admitted"),
			 tg_json_number(packets, "dropped"), tg_json_number(packets, "marked"),
			 tg_json_number(packets, "delayed"), tg_json_number(packets, "rejected"),
			 tg_json_number(packets, "shadow_exceeded"),
			 tg_json_number(limit, "buckets_reserved"));
}

static void print_limits(const json_t *result, const struct tg_arguments *arguments)
{
	const json_t *limits = json_object_get(result, "limits"), *limit;
	struct tg_column columns[COLUMNS];
	json_t *rows = json_array();
	size_t i, j;

	memcpy(columns, limit_columns, sizeof(columns));
	for (i = 0; columns[i].name; i++)
		for (j = 0; j < VERDICTS; j++)
			if (strcmp(columns[i].name, verdicts[j].verdict) == 0)
				columns[i].extra =
					!has_any(limits, verdicts[j].verdict, verdicts[j].action);
	json_array_foreach(limits, i, limit) json_array_append_new(rows, limit_row(limit));
	tg_show_table(columns, rows, arguments);
}

static int run_limits(const struct tg_arguments *arguments)
{
	return tg_show(
		json_pack("{s:s, s:s*}", "command", "limits", "limit", arguments->operands[0]),
		arguments, print_limits);
}

static const struct tg_option limits_options[] = {
	TG_OPERAND("NAME", "only this one", TG_OPTIONAL),
	{},
};

const struct tg_command cmd_limits = {
	.name = "limits",
	.does = "each limit's settings and counters",
	.options = limits_options,
	.tables = {limit_columns},
	.run = run_limits,
};
