// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands set, shadow and reset: change limits one by one, or their buckets. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/print.h"
#include "cli/show.h"
#include "control/client.h"
#include "cli/commands.h"
#include "base/json.h"
#include "base/log.h"

/* Makes an object of KEY=VALUE...; NULL after logging what is wrong. */
static json_t *parse_values(char **operands, int n)
{
	json_t *values = json_object();
	char *equals;
	int i;

	for (i = 0; i < n; i++) {
		equals = strchr(operands[i], '=');
		if (!equals || equals == operands[i]) {
			tg_log(TG_LOG_ERROR,
			       "\"%s\" is not KEY=VALUE; write for example capacity=100",
			       operands[i]);
			json_decref(values);
			return NULL;
		}
		*equals = '\0';
		if (json_object_get(values, operands[i])) {
			tg_log(TG_LOG_ERROR, "%s is given twice", operands[i]);
			json_decref(values);
			return NULL;
		}
		json_object_set_new(values, operands[i], json_string(equals + 1));
	}
	return values;
}

static void print_in_force(const json_t *result)
{
	printf("in force as generation %lld\n%s %s\n", tg_json_number(result, "generation"),
	       json_is_true(json_object_get(result, "saved"))
		       ? "saved in"
		       : "not saved (--save does it): a restart or reload reads",
	       tg_json_text(result, "config"));
}

static void print_set(const json_t *result, const struct tg_arguments *arguments)
{
	const json_t *limit = json_array_get(json_object_get(result, "limits"), 0);
	char refill[96];

	printf("%s: capacity %lld, %s", tg_json_text(limit, "name"),
	       tg_json_number(limit, "capacity"), tg_json_refill(limit, refill, sizeof(refill)));
	if (json_object_get(limit, "mark_above"))
		printf(", mark_above %lld", tg_json_number(limit, "mark_above"));
	if (json_object_get(limit, "max_delay_ms"))
		printf(", max_delay %g ms",
		       json_number_value(json_object_get(limit, "max_delay_ms")));
	if (json_object_get(limit, "new_sources_rate"))
		printf(", new_sources %s and %lld at once", tg_json_text(limit, "new_sources_rate"),
		       tg_json_number(limit, "new_sources_burst"));
	if (json_is_true(json_object_get(limit, "shadow")))
		fputs(", shadow", stdout);
	fputs("; ", stdout);
	print_in_force(result);
}

static int run_set(const struct tg_arguments *arguments)
{
	json_t *values;

	values = parse_values(arguments->operands + 1, arguments->operands_n - 1);
	if (!values)
		return TG_EXIT_USAGE;
	return tg_show(json_pack("{s:s, s:s, s:o, s:b}", "command", "set", "limit",
				 arguments->operands[0], "values", values, "save", arguments->save),
		       arguments, print_set);
}

static const struct tg_option set_options[] = {
	TG_OPERAND("LIMIT", "its name", TG_REQUIRED),
	TG_OPERAND("KEY=VALUE...",
		   "keys are capacity, refill_amount, refill_interval, rate, mark_above, "
		   "max_delay, new_sources and shadow; values as in the file",
		   TG_REQUIRED),
	TG_OPTION(TG_FLAG, "save", save, NULL,
		  "write the values into the configuration file as well"),
	{},
};

const struct tg_command cmd_set = {
	.name = "set",
	.does = "change capacity, refill and what else may be, at once",
	.options = set_options,
	.run = run_set,
};

static void print_shadow(const json_t *result, const struct tg_arguments *arguments)
{
	const json_t *limit;
	size_t i;

	json_array_foreach(json_object_get(result, "limits"), i, limit) printf(
		"%s: %s\n", tg_json_text(limit, "name"),
		json_is_true(json_object_get(limit, "shadow")) ? "shadow, counts and never acts"
							       : "acts");
	print_in_force(result);
}

static int run_shadow(const struct tg_arguments *arguments)
{
	json_t *limits;
	bool on;
	int i;

	on = strcmp(arguments->operands[0], "on") == 0;
	if (!on && strcmp(arguments->operands[0], "off") != 0) {
		tg_log(TG_LOG_ERROR, "shadow \"%s\"? write on or off, and then the limits",
		       arguments->operands[0]);
		return TG_EXIT_USAGE;
	}
	limits = json_array();
	for (i = 1; i < arguments->operands_n; i++)
		json_array_append_new(limits, json_string(arguments->operands[i]));
	return tg_show(json_pack("{s:s, s:b, s:o, s:b}", "command", "shadow", "on", on, "limits",
				 limits, "save", arguments->save),
		       arguments, print_shadow);
}

static const struct tg_option shadow_options[] = {
	TG_OPERAND("on|off", "count only, or act", TG_REQUIRED),
	TG_OPERAND("LIMIT...", "names of limits", TG_REQUIRED),
	TG_OPTION(TG_FLAG, "save", save, NULL, "write it into the configuration file as well"),
	{},
};

const struct tg_command cmd_shadow = {
	.name = "shadow",
	.does = "let limits count without acting, or act",
	.options = shadow_options,
	.run = run_shadow,
};

static void print_reset(const json_t *result, const struct tg_arguments *arguments)
{
	long long n = tg_json_number(result, "reset");

	if (n)
		printf("filled up: %lld bucket%s\n", n, n == 1 ? "" : "s");
	else
		puts("no bucket is kept here, so all tokens are there");
}

static int run_reset(const struct tg_arguments *arguments)
{
	const char *address;

	address = arguments->operands[0];
	if (!address && !arguments->key && !arguments->limit && !arguments->all) {
		tg_log(TG_LOG_ERROR, "reset what? give an ADDRESS, --key KEY, --limit L or --all");
		return TG_EXIT_USAGE;
	}
	if (address && arguments->key) {
		tg_log(TG_LOG_ERROR, "reset takes an ADDRESS or a --key, not both");
		return TG_EXIT_USAGE;
	}
	return tg_show(json_pack("{s:s, s:s*, s:s*, s:s*, s:b}", "command", "reset", "address",
				 address, "key", arguments->key, "limit", arguments->limit, "all",
				 arguments->all),
		       arguments, print_reset);
}

static const struct tg_option reset_options[] = {
	TG_OPERAND("ADDRESS", "all buckets of this source", TG_EITHER),
	TG_OPTION(TG_TEXT, "key", key, "KEY", "those of a key that applications name",
		  .need = TG_EITHER),
	TG_OPTION(TG_TEXT, "limit", limit, "L", "those of a limit; narrows down the first two",
		  .need = TG_EITHER),
	TG_OPTION(TG_FLAG, "all", all, NULL, "those of all limits", .need = TG_EITHER),
	{},
};

const struct tg_command cmd_reset = {
	.name = "reset",
	.does = "give the tokens back",
	.options = reset_options,
	.run = run_reset,
};
