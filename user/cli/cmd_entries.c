// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands allow and deny: add, remove and list entries while the daemon runs. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "base/cleanup.h"
#include "cli/columns.h"
#include "control/client.h"
#include "cli/commands.h"
#include "control/entry_terms.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/ssh_session.h"
#include "base/prefix.h"
#include "base/units.h"
#include "base/clock.h"

/* Prefixes of a request. With the longest of them it is below the 65536 bytes that the daemon
 * takes. */
#define BATCH 1000

struct command {
	const struct tg_arguments *arguments;
	const char *list; /* "allow" or "deny": the command's name */
	struct tg_prefix_list prefixes;
	bool many; /* prefixes were read from standard input */
};

static void command_clear(struct command *command)
{
	tg_prefix_list_clear(&command->prefixes);
}

static int out_of_memory(void)
{
	tg_log(TG_LOG_ERROR, "out of memory");
	return TG_EXIT_FAILED;
}

/* Adds the prefix of a line, which may have only a comment. Returns an exit code; logs what is
 * wrong. */
static int take_line(char *line, size_t number, struct tg_prefix_list *prefixes)
{
	struct tg_prefix prefix;
	char why[256], *end;

	line[strcspn(line, "#\r\n")] = '\0';
	line += strspn(line, " \t");
	for (end = line + strlen(line); end > line && strchr(" \t", end[-1]);)
		*--end = '\0';
	if (!*line)
		return TG_EXIT_OK;
	if (tg_prefix_parse(line, &prefix, why, sizeof(why))) {
		tg_log(TG_LOG_ERROR, "standard input:%zu: %s", number, why);
		return TG_EXIT_USAGE;
	}
	return tg_prefix_list_add(prefixes, &prefix) ? out_of_memory() : TG_EXIT_OK;
}

/* Reads all lines even after a wrong one, so that each wrong one is logged. */
static int take_lines(struct command *command)
{
	tg_autofree char *line = NULL;
	int code = TG_EXIT_OK, one;
	size_t size = 0, number = 0;

	command->many = true;
	while (getline(&line, &size, stdin) >= 0) {
		one = take_line(line, ++number, &command->prefixes);
		if (one == TG_EXIT_FAILED)
			return one;
		if (one != TG_EXIT_OK)
			code = one;
	}
	if (ferror(stdin)) {
		tg_log(TG_LOG_ERROR, "standard input: %s", strerror(errno));
		return TG_EXIT_FAILED;
	}
	if (code != TG_EXIT_OK)
		tg_log(TG_LOG_ERROR, "nothing has been changed");
	return code;
}

static int take_prefixes(struct command *command)
{
	const char *text = command->arguments->operands[0];
	struct tg_prefix prefix;
	char why[256];

	if (strcmp(text, "-") == 0)
		return take_lines(command);
	if (tg_prefix_parse(text, &prefix, why, sizeof(why))) {
		tg_log(TG_LOG_ERROR, "%s", why);
		return TG_EXIT_USAGE;
	}
	return tg_prefix_list_add(&command->prefixes, &prefix) ? out_of_memory() : TG_EXIT_OK;
}

/* Makes the request for up to BATCH prefixes from @first on. */
static json_t *request_for(const struct command *command, const char *name, size_t first)
{
	char text[TG_PREFIX_TEXT_SIZE];
	json_t *texts = json_array();
	size_t i;

	for (i = first; i < command->prefixes.n && i < first + BATCH; i++)
		json_array_append_new(texts,
				      json_string(tg_prefix_format(&command->prefixes.items[i],
								   text, sizeof(text))));
	return json_pack("{s:s, s:s, s:o, s:s*, s:s*}", "command", name, "list", command->list,
			 "prefixes", texts, "for", command->arguments->duration, "note",
			 command->arguments->note);
}

/* Adds the numbers in @from to those in @to. */
static void sum_up(json_t *to, json_t *from)
{
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value) json_object_set_new(
		to, key, json_integer(tg_json_number(to, key) + json_integer_value(value)));
}

/*
 * Sends requests for all prefixes, batch by batch; goes on after TG_EXIT_NOT_FOUND, so that one
 * missing entry does not keep others on the list. Returns the exit code. *@sum is a new reference
 * to the sums of the results.
 */
static int ask_all(const struct command *command, const char *name, json_t **sum)
{
	int code = TG_EXIT_OK, one;
	json_t *result;
	size_t first;

	*sum = json_object();
	for (first = 0; first < command->prefixes.n; first += BATCH) {
		result = NULL;
		one = tg_client_ask(request_for(command, name, first), false, &result, NULL);
		sum_up(*sum, result);
		json_decref(result);
		if (one != TG_EXIT_OK)
			code = one;
		if (one != TG_EXIT_OK && one != TG_EXIT_NOT_FOUND)
			break;
	}
	return code;
}

static void print_added(const struct command *command, const json_t *sum)
{
	json_int_t added = tg_json_number(sum, "added"), replaced = tg_json_number(sum, "replaced");
	char text[TG_PREFIX_TEXT_SIZE];

	if (command->many) {
		printf("%lld prefixes added to the %s list, %lld that were on it have a new end "
		       "and note\n",
		       added, command->list, replaced);
		return;
	}
	tg_prefix_format(&command->prefixes.items[0], text, sizeof(text));
	if (replaced)
		printf("%s was on the %s list; its end and note are replaced\n", text,
		       command->list);
	else
		printf("%s is on the %s list\n", text, command->list);
}

static void print_removed(const struct command *command, const json_t *sum)
{
	char text[TG_PREFIX_TEXT_SIZE];

	if (command->many) {
		printf("%lld prefixes taken off the %s list\n", tg_json_number(sum, "removed"),
		       command->list);
		return;
	}
	tg_prefix_format(&command->prefixes.items[0], text, sizeof(text));
	printf("%s is off the %s list\n", text, command->list);
}

static int change(struct command *command, const char *name,
		  void (*print)(const struct command *command, const json_t *sum))
{
	json_t *sum = NULL;
	int code = take_prefixes(command);

	if (code != TG_EXIT_OK)
		return code;
	code = ask_all(command, name, &sum);
	if (code == TG_EXIT_OK && command->arguments->json) {
		json_dumpf(sum, stdout, JSON_COMPACT);
		putchar('\n');
	} else if (code == TG_EXIT_OK) {
		print(command, sum);
	}
	json_decref(sum);
	return code;
}

static int run_add(const struct tg_arguments *arguments)
{
	tg_cleanup(command_clear) struct command command = {.arguments = arguments,
							    .list = arguments->command->name};
	uint64_t for_ns;
	char why[256];
	int code;

	if (tg_entry_take_terms(arguments->duration, arguments->note, &for_ns, why, sizeof(why))) {
		tg_log(TG_LOG_ERROR, "%s", why);
		return TG_EXIT_USAGE;
	}
	code = change(&command, "entries_add", print_added);
	if (code == TG_EXIT_OK && strcmp(command.list, "deny") == 0)
		tg_ssh_session_warn_denied(&command.prefixes);
	return code;
}

static int run_del(const struct tg_arguments *arguments)
{
	tg_cleanup(command_clear) struct command command = {.arguments = arguments,
							    .list = arguments->command->name};

	return change(&command, "entries_remove", print_removed);
}

/* The widths are fixed, because the list is printed page by page. */
static const struct tg_column columns[] = {
	TG_COLUMN("prefix", "PREFIX", .width = 44),
	TG_COLUMN("origin", "ORIGIN", .width = 8),
	TG_COLUMN("ends_in", "ENDS IN", .width = 10),
	TG_COLUMN("added", "ADDED", .width = 20),
	TG_COLUMN("note", "NOTE"),
	{},
};

static json_t *entry_row(const json_t *entry)
{
	const json_t *left = json_object_get(entry, "expires_in_ms");
	char text[32] = "never";

	if (json_is_integer(left))
		tg_format_duration((json_integer_value(left) + 999) / 1000 * NS_PER_S, text,
				   sizeof(text));
	return json_pack("[s,s,s,s,s]", tg_json_text(entry, "prefix"),
			 tg_json_text(entry, "origin"), text, tg_json_text(entry, "added"),
			 tg_json_text(entry, "note"));
}

/* Prints page by page, so that a list of any length needs little memory. */
static void print_entries_json(const json_t *page, bool first)
{
	const json_t *entry;
	size_t i;

	if (first)
		fputs("{\"entries\":[", stdout);
	json_array_foreach(json_object_get(page, "entries"), i, entry)
	{
		if (!first || i)
			putchar(',');
		json_dumpf(entry, stdout, JSON_COMPACT);
	}
}

static int print_rows(const json_t *page, bool first, const struct tg_arguments *arguments)
{
	json_t *rows = json_array();
	const json_t *entry;
	size_t i;
	int error;

	json_array_foreach(json_object_get(page, "entries"), i, entry)
		json_array_append_new(rows, entry_row(entry));
	error = tg_columns_print(columns, rows, arguments->columns, first && !arguments->noheadings,
				 stdout);
	json_decref(rows);
	return error ? out_of_memory() : TG_EXIT_OK;
}

static int run_list(const struct tg_arguments *arguments)
{
	json_t *page = NULL, *request;
	bool first = true;
	int code;

	do {
		request =
			json_pack("{s:s, s:s, s:O*}", "command", "entries_list", "list",
				  arguments->command->name, "after", json_object_get(page, "next"));
		json_decref(page);
		page = NULL;
		code = tg_client_ask(request, false, &page, NULL);
		if (code == TG_EXIT_OK && arguments->json)
			print_entries_json(page, first);
		else if (code == TG_EXIT_OK)
			code = print_rows(page, first, arguments);
		first = false;
	} while (code == TG_EXIT_OK && json_is_string(json_object_get(page, "next")));
	json_decref(page);
	if (code != TG_EXIT_OK)
		return code;
	if (arguments->json)
		puts("]}");
	return fflush(stdout) == 0 ? TG_EXIT_OK : TG_EXIT_FAILED;
}

#define PREFIX_OPERAND                                                                             \
	TG_OPERAND("PREFIX|-", "an address or prefix; -: one a line of standard input", TG_REQUIRED)

static const struct tg_option add_options[] = {
	PREFIX_OPERAND,
	TG_OPTION(TG_TEXT, "for", duration, "TIME",
		  "it ends by itself after this time, such as 10m"),
	TG_OPTION(TG_TEXT, "note", note, "TEXT", "why it is there, at most 95 bytes"),
	{},
};

static const struct tg_option del_options[] = {PREFIX_OPERAND, {}};

const struct tg_command cmd_allow_add = {
	.name = "allow",
	.action = "add",
	.does = "never limit a source",
	.options = add_options,
	.run = run_add,
};

const struct tg_command cmd_allow_del = {
	.name = "allow",
	.action = "del",
	.does = "take a source off the list",
	.options = del_options,
	.run = run_del,
};

const struct tg_command cmd_allow_list = {
	.name = "allow",
	.action = "list",
	.does = "what is on the list",
	.tables = {columns},
	.run = run_list,
};

const struct tg_command cmd_deny_add = {
	.name = "deny",
	.action = "add",
	.does = "drop all packets of a source",
	.options = add_options,
	.run = run_add,
};

const struct tg_command cmd_deny_del = {
	.name = "deny",
	.action = "del",
	.does = "take a source off the list",
	.options = del_options,
	.run = run_del,
};

const struct tg_command cmd_deny_list = {
	.name = "deny",
	.action = "list",
	.does = "what is on the list",
	.tables = {columns},
	.run = run_list,
};
