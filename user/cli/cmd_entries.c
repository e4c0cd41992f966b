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

/* Bytes of the prefixes of a request, of which the daemon takes 65536. */
#define REQUEST_BYTES 60000

struct command {
	const struct tg_arguments *arguments;
	const char *list; /* "allow" or "deny": the command's name */
	struct tg_prefix_list prefixes;
	json_t *items;	/* of the request: each a prefix, or an object with its own terms */
	bool many;	/* prefixes were read from standard input, or found by their note */
	size_t changed; /* prefixes that are others than was written */
	char changed_first[TG_PREFIX_TEXT_SIZE];
};

static void command_clear(struct command *command)
{
	tg_prefix_list_clear(&command->prefixes);
	json_decref(command->items);
}

static int out_of_memory(void)
{
	tg_log(TG_LOG_ERROR, "out of memory");
	return TG_EXIT_FAILED;
}

/* Takes a prefix, with terms of its own unless NULL. Returns an exit code; @why says what is wrong.
 */
static int take_entry(struct command *command, const char *text, const char *duration,
		      const char *note, char *why, size_t why_size)
{
	char form[TG_PREFIX_TEXT_SIZE];
	struct tg_prefix prefix;
	uint64_t for_ns;
	bool changed;

	if (tg_prefix_parse_loose(text, &prefix, &changed, why, why_size) ||
	    tg_entry_take_terms(duration, note, &for_ns, why, why_size))
		return TG_EXIT_USAGE;
	tg_prefix_format(&prefix, form, sizeof(form));
	if (changed && !command->changed++)
		memcpy(command->changed_first, form, sizeof(form));
	if (tg_prefix_list_add(&command->prefixes, &prefix) ||
	    json_array_append_new(command->items,
				  duration || note ? json_pack("{s:s, s:s*, s:s*}", "prefix", form,
							       "for", duration, "note", note)
						   : json_string(form)))
		return out_of_memory();
	return TG_EXIT_OK;
}

/* Cuts the next word off *@line. NULL: there is none. */
static char *next_word(char **line)
{
	char *word = *line + strspn(*line, " \t"), *end = word + strcspn(word, " \t");

	*line = *end ? end + 1 : end;
	*end = '\0';
	return *word ? word : NULL;
}

/* Cuts off a comment, which begins the line or stands behind a space, and spaces at the end. */
static void strip(char *line)
{
	char *at;

	line[strcspn(line, "\r\n")] = '\0';
	for (at = line; *at && !(*at == '#' && (at == line || strchr(" \t", at[-1]))); at++)
		;
	while (at > line && strchr(" \t", at[-1]))
		at--;
	*at = '\0';
}

/*
 * Takes a line, which has a prefix, how long it lasts and a note, or less from the end on. Returns
 * an exit code; logs what is wrong.
 */
static int take_line(struct command *command, char *line, size_t number)
{
	char why[256], *prefix, *duration, *note;
	int code;

	strip(line);
	prefix = next_word(&line);
	if (!prefix)
		return TG_EXIT_OK;
	duration = next_word(&line);
	note = line + strspn(line, " \t");
	code = take_entry(command, prefix, duration, *note ? note : NULL, why, sizeof(why));
	if (code == TG_EXIT_USAGE)
		tg_log(TG_LOG_ERROR, "standard input:%zu: %s", number, why);
	return code;
}

/* Reads all lines even after a wrong one, so that each wrong one is logged. */
static int take_lines(struct command *command)
{
	tg_autofree char *line = NULL;
	int code = TG_EXIT_OK, one;
	size_t size = 0, number = 0;

	command->many = true;
	while (getline(&line, &size, stdin) >= 0) {
		one = take_line(command, line, ++number);
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

static int take_operand(struct command *command)
{
	const char *text = command->arguments->operands[0];
	char why[256];
	int code;

	if (strcmp(text, "-") == 0)
		return take_lines(command);
	code = take_entry(command, text, NULL, NULL, why, sizeof(why));
	if (code == TG_EXIT_USAGE)
		tg_log(TG_LOG_ERROR, "%s", why);
	return code;
}

/* Asks for the page of the list that follows @page (NULL: the first), whose reference it takes. */
static int next_page(const char *list, json_t **page)
{
	json_t *request = json_pack("{s:s, s:s, s:O*}", "command", "entries_list", "list", list,
				    "after", json_object_get(*page, "next"));

	json_decref(*page);
	*page = NULL;
	return tg_client_ask(request, false, page, NULL);
}

static bool is_last(const json_t *page)
{
	return !json_is_string(json_object_get(page, "next"));
}

/* True if the entry was not read from the configuration, and has this note (NULL: any). */
static bool has_note(const json_t *entry, const char *note)
{
	const char *has = tg_json_text(entry, "note");

	return !note || (json_is_string(json_object_get(entry, "note")) && strcmp(has, note) == 0);
}

/* Takes all prefixes of the list that have the note. */
static int take_noted(struct command *command)
{
	json_t *page = NULL, *entry;
	char why[256];
	int code;
	size_t i;

	command->many = true;
	do {
		code = next_page(command->list, &page);
		if (code != TG_EXIT_OK)
			return code;
		json_array_foreach(json_object_get(page, "entries"), i, entry)
		{
			if (code == TG_EXIT_OK && has_note(entry, command->arguments->note))
				code = take_entry(command, tg_json_text(entry, "prefix"), NULL,
						  NULL, why, sizeof(why));
		}
	} while (code == TG_EXIT_OK && !is_last(page));
	json_decref(page);
	return code;
}

/* Makes a request for prefixes from *@next on, as many as go into one, and moves *@next behind
 * them. */
static json_t *request_for(const struct command *command, const char *name, size_t *next)
{
	const struct tg_arguments *arguments = command->arguments;
	json_t *items = json_array(), *item;
	size_t bytes = 0;

	for (; (item = json_array_get(command->items, *next)); (*next)++) {
		bytes += json_dumpb(item, NULL, 0, JSON_ENCODE_ANY | JSON_COMPACT) + 1;
		if (bytes > REQUEST_BYTES)
			break;
		json_array_append(items, item);
	}
	return json_pack("{s:s, s:s, s:o, s:s*, s:s*, s:o*}", "command", name, "list",
			 command->list, "prefixes", items, "for", arguments->duration, "note",
			 arguments->note, "auto", arguments->automatic ? json_true() : NULL);
}

/* Adds the numbers in @from to those in @to, and keeps the first of each text. */
static void sum_up(json_t *to, json_t *from)
{
	const char *key;
	json_t *value;

	json_object_foreach(from, key, value)
	{
		if (json_is_integer(value))
			json_object_set_new(
				to, key,
				json_integer(tg_json_number(to, key) + json_integer_value(value)));
		else if (!json_object_get(to, key))
			json_object_set(to, key, value);
	}
}

/*
 * Sends requests for all prefixes, batch by batch. Returns the exit code. *@sum is a new reference
 * to the sums of the results.
 */
static int ask_all(const struct command *command, const char *name, json_t **sum)
{
	int code = TG_EXIT_OK;
	json_t *result;
	size_t next = 0;

	*sum = json_object();
	while (next < json_array_size(command->items) && code == TG_EXIT_OK) {
		result = NULL;
		code = tg_client_ask(request_for(command, name, &next), false, &result, NULL);
		sum_up(*sum, result);
		json_decref(result);
	}
	return code;
}

static void print_added(const struct command *command, const json_t *sum)
{
	json_int_t added = tg_json_number(sum, "added"), replaced = tg_json_number(sum, "replaced"),
		   kept = tg_json_number(sum, "kept");
	char text[TG_PREFIX_TEXT_SIZE];

	if (command->many) {
		printf("%lld prefixes added to the %s list, %lld that were on it have a new end "
		       "and note\n",
		       added, command->list, replaced);
		if (kept)
			printf("%lld were put there without --auto, and stay as they were\n", kept);
		return;
	}
	tg_prefix_format(&command->prefixes.items[0], text, sizeof(text));
	if (replaced)
		printf("%s was on the %s list; its end and note are replaced\n", text,
		       command->list);
	else if (kept)
		printf("%s was put on the %s list without --auto, and stays as it was\n", text,
		       command->list);
	else if (added)
		printf("%s is on the %s list\n", text, command->list);
}

/* Returns the exit code; logs what the allow list outdoes. */
static int judge_added(const struct command *command, const json_t *sum)
{
	json_int_t outdone = tg_json_number(sum, "outdone");

	if (!outdone)
		return TG_EXIT_OK;
	if (command->many)
		tg_log(TG_LOG_ERROR,
		       "%lld prefixes are not added, because the allow list has them and comes "
		       "first; %s is the first of them",
		       outdone, tg_json_text(sum, "first_outdone"));
	else
		tg_log(TG_LOG_ERROR,
		       "%s is not added, because the allow list has it%s and comes first; "
		       "`tidegate why` shows which entry, `tidegate allow del` takes one off",
		       tg_json_text(sum, "first_outdone"),
		       command->arguments->automatic ? " or a shorter prefix around it" : "");
	return TG_EXIT_REFUSED;
}

static void print_removed(const struct command *command, const json_t *sum)
{
	char text[TG_PREFIX_TEXT_SIZE];

	if (command->many) {
		printf("%lld prefixes taken off the %s list\n", tg_json_number(sum, "removed"),
		       command->list);
		return;
	}
	if (!tg_json_number(sum, "removed"))
		return;
	tg_prefix_format(&command->prefixes.items[0], text, sizeof(text));
	printf("%s is off the %s list\n", text, command->list);
}

/* Returns the exit code; logs what was not there, in one line for all. */
static int judge_removed(const struct command *command, const json_t *sum)
{
	json_int_t missing = tg_json_number(sum, "missing");

	if (!missing || command->arguments->if_present)
		return TG_EXIT_OK;
	if (missing == 1)
		tg_log(TG_LOG_ERROR,
		       "%s is not among the %s entries; `tidegate %s list` shows them (what is in "
		       "the configuration is taken out there)",
		       tg_json_text(sum, "first_missing"), command->list, command->list);
	else
		tg_log(TG_LOG_ERROR,
		       "%lld of %zu prefixes are not among the %s entries, %s the first of them; "
		       "`tidegate %s list` shows them (what is in the configuration is taken out "
		       "there)",
		       missing, command->prefixes.n, command->list,
		       tg_json_text(sum, "first_missing"), command->list);
	return TG_EXIT_NOT_FOUND;
}

/* Says once that prefixes are taken otherwise than they were written. */
static void say_changed(const struct command *command)
{
	if (command->changed == 1)
		tg_log(TG_LOG_WARNING, "bits past the prefix are not looked at: %s is meant",
		       command->changed_first);
	else if (command->changed)
		tg_log(TG_LOG_WARNING,
		       "bits past the prefix are not looked at, in %zu prefixes: %s is the first "
		       "that is meant",
		       command->changed, command->changed_first);
}

struct entries_change {
	const char *name; /* of the request */
	int (*take)(struct command *command);
	void (*print)(const struct command *command, const json_t *sum);
	int (*judge)(const struct command *command, const json_t *sum);
};

static int change(struct command *command, const struct entries_change *change)
{
	json_t *sum = NULL;
	int code;

	command->items = json_array();
	code = change->take(command);
	if (code != TG_EXIT_OK)
		return code;
	say_changed(command);
	code = ask_all(command, change->name, &sum);
	if (code == TG_EXIT_OK) {
		if (command->arguments->json) {
			json_dumpf(sum, stdout, JSON_COMPACT);
			putchar('\n');
		} else {
			change->print(command, sum);
		}
		code = change->judge(command, sum);
	}
	json_decref(sum);
	return code;
}

static int run_add(const struct tg_arguments *arguments)
{
	static const struct entries_change add = {"entries_add", take_operand, print_added,
						  judge_added};
	tg_cleanup(command_clear) struct command command = {.arguments = arguments,
							    .list = arguments->command->name};
	uint64_t for_ns;
	char why[256];
	int code;

	if (tg_entry_take_terms(arguments->duration, arguments->note, &for_ns, why, sizeof(why))) {
		tg_log(TG_LOG_ERROR, "%s", why);
		return TG_EXIT_USAGE;
	}
	code = change(&command, &add);
	if (code == TG_EXIT_OK && strcmp(command.list, "deny") == 0)
		tg_ssh_session_warn_denied(&command.prefixes);
	return code;
}

static int run_del(const struct tg_arguments *arguments)
{
	const struct entries_change del = {"entries_remove",
					   arguments->note ? take_noted : take_operand,
					   print_removed, judge_removed};
	tg_cleanup(command_clear) struct command command = {.arguments = arguments,
							    .list = arguments->command->name};
	int code;

	if (!arguments->note == !arguments->operands_n) {
		tg_log(TG_LOG_ERROR, "%s del: give either a prefix or --note", command.list);
		return TG_EXIT_USAGE;
	}
	code = change(&command, &del);
	if (code != TG_EXIT_OK || command.prefixes.n || arguments->if_present || !arguments->note)
		return code;
	tg_log(TG_LOG_ERROR, "no entry of the %s list has this note; `tidegate %s list` shows them",
	       command.list, command.list);
	return TG_EXIT_NOT_FOUND;
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
static void print_entries_json(const json_t *entries, bool *any)
{
	const json_t *entry;
	size_t i;

	json_array_foreach(entries, i, entry)
	{
		if (*any)
			putchar(',');
		json_dumpf(entry, stdout, JSON_COMPACT);
		*any = true;
	}
}

static int print_rows(const json_t *entries, bool first, const struct tg_arguments *arguments)
{
	json_t *rows = json_array();
	const json_t *entry;
	size_t i;
	int error;

	json_array_foreach(entries, i, entry) json_array_append_new(rows, entry_row(entry));
	error = tg_columns_print(columns, rows, arguments->columns, first && !arguments->noheadings,
				 stdout);
	json_decref(rows);
	return error ? out_of_memory() : TG_EXIT_OK;
}

/* Returns a new reference to the entries of the page that --note asks for. */
static json_t *choose(const json_t *page, const char *note)
{
	json_t *chosen = json_array(), *entry;
	size_t i;

	json_array_foreach(json_object_get(page, "entries"), i, entry)
	{
		if (has_note(entry, note))
			json_array_append(chosen, entry);
	}
	return chosen;
}

static int run_list(const struct tg_arguments *arguments)
{
	json_t *page = NULL, *entries;
	bool first = true, any = false;
	int code;

	do {
		code = next_page(arguments->command->name, &page);
		if (code != TG_EXIT_OK)
			return code;
		entries = choose(page, arguments->note);
		if (arguments->json && first)
			fputs("{\"entries\":[", stdout);
		if (arguments->json)
			print_entries_json(entries, &any);
		else
			code = print_rows(entries, first, arguments);
		json_decref(entries);
		first = false;
	} while (code == TG_EXIT_OK && !is_last(page));
	json_decref(page);
	if (code != TG_EXIT_OK)
		return code;
	if (arguments->json)
		puts("]}");
	return fflush(stdout) == 0 ? TG_EXIT_OK : TG_EXIT_FAILED;
}

#define STDIN_LINES "an address or prefix; -: lines of standard input"
#define ADD_OPTIONS                                                                                \
	TG_OPERAND("PREFIX|-", STDIN_LINES " PREFIX [FOR [NOTE]]", TG_REQUIRED),                   \
		TG_OPTION(TG_TEXT, "for", duration, "TIME",                                        \
			  "it ends by itself: 10m, 600 (seconds), -1: never"),                     \
		TG_OPTION(TG_TEXT, "note", note, "TEXT", "why it is there, at most 95 bytes")

static const struct tg_option allow_options[] = {ADD_OPTIONS, {}};

static const struct tg_option deny_options[] = {
	ADD_OPTIONS,
	TG_OPTION(TG_FLAG, "auto", automatic, NULL, "for ban tools: an allow list always wins"),
	{},
};

static const struct tg_option del_options[] = {
	TG_OPERAND("PREFIX|-", STDIN_LINES, TG_EITHER),
	TG_OPTION(TG_TEXT, "note", note, "TEXT", "all entries with this note", .need = TG_EITHER),
	TG_OPTION(TG_FLAG, "if-present", if_present, NULL, "what is not there is no error"),
	{},
};

static const struct tg_option list_options[] = {
	TG_OPTION(TG_TEXT, "note", note, "TEXT", "only entries with this note"),
	{},
};

const struct tg_command cmd_allow_add = {
	.name = "allow",
	.action = "add",
	.does = "never limit a source",
	.options = allow_options,
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
	.options = list_options,
	.tables = {columns},
	.run = run_list,
};

const struct tg_command cmd_deny_add = {
	.name = "deny",
	.action = "add",
	.does = "drop all packets of a source",
	.options = deny_options,
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
	.options = list_options,
	.tables = {columns},
	.run = run_list,
};
