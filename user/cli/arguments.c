// SPDX-License-Identifier: GPL-2.0-or-later
/* Parses command lines and prints usage and help, both from the table of a command. */
#include "cli/arguments.h"

#include <getopt.h>
#include <limits.h>
#include <string.h>

#include "cli/columns.h"
#include "base/log.h"
#include "base/units.h"

#define ROWS_MAX   24  /* of a command, with those that all commands have */
#define WIDTH	   80  /* characters of a line */
#define USAGE_AT   11  /* column where a further line of usage begins */
#define HELP_AT	   28  /* column where the help of an option begins */
#define FIRST_LONG 256 /* getopt_long's value for the first row, above all letters */
#define TEXT_SIZE  96

/* Options that are not a command's own: the first is for all, the rest for commands with tables. */
static const struct tg_option of_all[] = {
	TG_OPTION(TG_FLAG, "json", json, NULL, "print JSON: stable keys, times in milliseconds"),
	TG_OPTION(TG_TEXT, "output", columns, "COLUMN,...",
		  "print only the table, with these columns in this order", .letter = 'o'),
	TG_OPTION(TG_FLAG, "noheadings", noheadings, NULL, "print no headings over columns"),
};

/* Printed by --help only: main() takes --control out, and no_such_option() finds --help. */
static const struct tg_option of_program[] = {
	{.name = "control",
	 .value = "SOCKET",
	 .help = "the daemon's socket, else of TIDEGATE_CONTROL"},
	{.name = "help", .letter = 'h', .help = "print this"},
};

#define ROWS(table) (sizeof(table) / sizeof((table)[0]))

/* Returns row @i: the command's own, then those of of_all; NULL after the last. */
static const struct tg_option *row_at(const struct tg_command *command, size_t i)
{
	size_t own = 0;

	while (command->options && command->options[own].help)
		own++;
	if (i < own)
		return &command->options[i];
	return i - own < (command->tables[0] ? ROWS(of_all) : 1) ? &of_all[i - own] : NULL;
}

/* Returns the row for what getopt_long returned: a letter, or FIRST_LONG + the row's number. NULL:
 * none. */
static const struct tg_option *find_row(const struct tg_command *command, int value)
{
	const struct tg_option *row;
	size_t i;

	if (value >= FIRST_LONG)
		return row_at(command, value - FIRST_LONG);
	for (i = 0; (row = row_at(command, i)); i++)
		if (row->letter == value)
			return row;
	return NULL;
}

static bool takes_value(const struct tg_option *row)
{
	return row->type != TG_WORD && row->type != TG_FLAG;
}

/* Writes "-n" if the option has a letter, else "--limit". */
static const char *spell(const struct tg_option *row, char text[TEXT_SIZE])
{
	if (row->letter)
		snprintf(text, TEXT_SIZE, "-%c", row->letter);
	else
		snprintf(text, TEXT_SIZE, "--%s", row->name);
	return text;
}

/* Writes "deny add", or "top". */
static const char *full_name(const struct tg_command *command, char text[TEXT_SIZE])
{
	snprintf(text, TEXT_SIZE, "%s%s%s", command->name, command->action ? " " : "",
		 command->action ? command->action : "");
	return text;
}

static bool is_choice(const char *choices, const char *text)
{
	size_t length;

	for (; *choices; choices += length + (choices[length] == '|')) {
		length = strcspn(choices, "|");
		if (strlen(text) == length && strncmp(choices, text, length) == 0)
			return true;
	}
	return false;
}

/* Writes "a|b|c" as "a, b or c". */
static const char *list_choices(const char *choices, char text[TEXT_SIZE])
{
	const char *last = strrchr(choices, '|'), *at;
	size_t length = 0;

	for (at = choices; *at && length + 5 < TEXT_SIZE; at++) {
		if (*at != '|')
			text[length++] = *at;
		else
			length += sprintf(text + length, at == last ? " or " : ", ");
	}
	text[length] = '\0';
	return text;
}

/* Logs which values the option takes. Returns false. */
static bool refuse(const struct tg_option *row, const char *given)
{
	char name[TEXT_SIZE], choices[TEXT_SIZE];

	spell(row, name);
	if (row->type == TG_CHOICE)
		tg_log(TG_LOG_ERROR, "%s \"%s\": write %s", name, given,
		       list_choices(row->value, choices));
	else if (row->type == TG_DURATION)
		tg_log(TG_LOG_ERROR, "%s \"%s\" is not a duration; write it as 10m or 90s", name,
		       given);
	else if (row->most == UINT64_MAX)
		tg_log(TG_LOG_ERROR, "%s \"%s\": write a whole number, such as 1", name, given);
	else
		tg_log(TG_LOG_ERROR, "%s \"%s\": write a number from %llu to %llu", name, given,
		       (unsigned long long)row->least, (unsigned long long)row->most);
	return false;
}

/* Puts @given (NULL for a flag) into the row's member. False after logging what is wrong. */
static bool take(const struct tg_option *row, const char *given, struct tg_arguments *arguments)
{
	void *to = (char *)arguments + row->offset;
	uint64_t number;

	switch (row->type) {
	case TG_WORD:
		return false;
	case TG_FLAG:
		*(bool *)to = true;
		return true;
	case TG_CHOICE:
		if (!is_choice(row->value, given))
			return refuse(row, given);
		*(const char **)to = given;
		return true;
	case TG_TEXT:
		*(const char **)to = given;
		return true;
	case TG_NUMBER:
		if (tg_parse_number(given, &number) || number < row->least || number > row->most)
			return refuse(row, given);
		*(uint64_t *)to = number;
		return true;
	case TG_DURATION:
		if (tg_parse_duration(given, &number) || !number)
			return refuse(row, given);
		*(uint64_t *)to = number;
		return true;
	}
	return false;
}

/* Fills in what getopt_long takes. @letters has room for two bytes a row, a colon and the end. */
static void fill_getopt(const struct tg_command *command, struct option *longs, char *letters)
{
	const struct tg_option *row;
	size_t i;

	*letters++ = ':'; /* has getopt_long return ':' for a missing value, not '?' */
	for (i = 0; (row = row_at(command, i)) && i < ROWS_MAX; i++) {
		if (row->name)
			*longs++ = (struct option){.name = row->name,
						   .has_arg = takes_value(row),
						   .val = FIRST_LONG + (int)i};
		if (row->letter)
			*letters++ = row->letter;
		if (row->letter && takes_value(row))
			*letters++ = ':';
	}
	*longs = (struct option){};
	*letters = '\0';
}

/* Logs what is wrong with @argument, for which getopt_long returned '?', or ':' (@no_value). --help
 * arrives here too, because it is no row. */
static enum tg_parsed no_such_option(const struct tg_command *command, bool no_value,
				     const char *argument)
{
	const struct tg_option *row = optopt ? find_row(command, optopt) : NULL;
	char name[TEXT_SIZE], option[TEXT_SIZE];

	if (optopt == 'h' || (!optopt && strcmp(argument, "--help") == 0))
		return TG_PARSED_HELP;
	if (row && no_value)
		tg_log(TG_LOG_ERROR, "%s needs a value", spell(row, option));
	else if (row)
		tg_log(TG_LOG_ERROR, "%s takes no value", spell(row, option));
	else if (optopt)
		tg_log(TG_LOG_ERROR, "`%s` has no such option as -%c", full_name(command, name),
		       optopt);
	else
		tg_log(TG_LOG_ERROR, "`%s` has no such option as %s", full_name(command, name),
		       argument);
	return TG_PARSED_WRONG;
}

static bool is_many(const struct tg_option *operand)
{
	size_t length = strlen(operand->value);

	return length > 3 && strcmp(operand->value + length - 3, "...") == 0;
}

static enum tg_parsed check_operands(const struct tg_command *command, int n)
{
	int least = 0, most = 0;
	const struct tg_option *row;
	char name[TEXT_SIZE];
	size_t i;

	for (i = 0; (row = row_at(command, i)); i++) {
		if (row->type != TG_WORD)
			continue;
		least += row->need == TG_REQUIRED;
		most = is_many(row) ? INT_MAX : most + 1;
	}
	if (n >= least && n <= most)
		return TG_PARSED;
	tg_log(TG_LOG_ERROR, "`%s` has too %s arguments", full_name(command, name),
	       n < least ? "few" : "many");
	return TG_PARSED_WRONG;
}

static void set_defaults(const struct tg_command *command, struct tg_arguments *arguments)
{
	const struct tg_option *row;
	size_t i;

	memset(arguments, 0, sizeof(*arguments));
	arguments->command = command;
	for (i = 0; (row = row_at(command, i)); i++)
		if (row->type == TG_NUMBER)
			*(uint64_t *)((char *)arguments + row->offset) = row->otherwise;
}

enum tg_parsed tg_arguments_parse(const struct tg_command *command, int argc, char **argv,
				  struct tg_arguments *arguments)
{
	struct option longs[ROWS_MAX + 1];
	char letters[2 * ROWS_MAX + 2];
	int option;

	set_defaults(command, arguments);
	fill_getopt(command, longs, letters);
	optind = 0; /* start over, because this may be a further call */
	opterr = 0;
	while ((option = getopt_long(argc, argv, letters, longs, NULL)) >= 0) {
		if (option == '?' || option == ':')
			return no_such_option(command, option == ':', argv[optind - 1]);
		if (!take(find_row(command, option), optarg, arguments))
			return TG_PARSED_WRONG;
	}
	arguments->operands = argv + optind;
	arguments->operands_n = argc - optind;
	return check_operands(command, arguments->operands_n);
}

bool tg_arguments_takes_next(const struct tg_command *command, const char *argument)
{
	bool is_long = strncmp(argument, "--", 2) == 0;
	const char *name = argument + (is_long ? 2 : 1);
	const struct tg_option *row;
	size_t i;

	for (i = 0; (row = row_at(command, i)); i++) {
		if (!takes_value(row))
			continue;
		if (is_long ? strncmp(row->name, name, strlen(name)) == 0
			    : row->letter && row->letter == name[0] && !name[1])
			return true;
	}
	return false;
}

/* Words of a text that breaks lines before WIDTH; further lines begin at @indent. */
struct paragraph {
	FILE *out;
	int at, indent;
};

static void put(struct paragraph *paragraph, const char *word, int length)
{
	if (paragraph->at > paragraph->indent && paragraph->at + 1 + length > WIDTH) {
		fprintf(paragraph->out, "\n%*s", paragraph->indent, "");
		paragraph->at = paragraph->indent;
	} else if (paragraph->at) {
		fputc(' ', paragraph->out);
		paragraph->at++;
	}
	fprintf(paragraph->out, "%.*s", length, word);
	paragraph->at += length;
}

static void put_words(struct paragraph *paragraph, const char *text)
{
	int length;

	for (; *text; text += length + (text[length] == ' ')) {
		length = (int)strcspn(text, " ");
		put(paragraph, text, length);
	}
}

int tg_usage_print(const struct tg_command *command, const char *first, bool brief, FILE *out)
{
	struct paragraph paragraph = {.out = out, .at = (int)strlen(first), .indent = USAGE_AT};
	char name[TEXT_SIZE], item[2 * TEXT_SIZE];
	const struct tg_option *row;
	bool either = false;
	size_t i;

	fputs(first, out);
	put_words(&paragraph, full_name(command, name));
	for (i = 0; (row = row_at(command, i)); i++) {
		if (row >= of_all && row < of_all + ROWS(of_all) && (brief || command->no_json))
			continue;
		snprintf(item, sizeof(item), "%s%s%s%s", row->need == TG_OPTIONAL ? "[" : "",
			 row->name ? spell(row, name) : "", row->name && row->value ? " " : "",
			 row->value ? row->value : "");
		if (row->need == TG_OPTIONAL)
			strcat(item, "]");
		if (row->need == TG_EITHER && either)
			put(&paragraph, "|", 1);
		either |= row->need == TG_EITHER;
		put(&paragraph, item, (int)strlen(item));
	}
	return paragraph.at;
}

static void print_row(const struct tg_option *row, FILE *out)
{
	struct paragraph paragraph = {.out = out, .indent = HELP_AT};
	char number[32];

	if (row->letter)
		paragraph.at = fprintf(out, "  -%c, --%s", row->letter, row->name);
	else
		paragraph.at = fprintf(out, row->name ? "  --%s" : " ", row->name);
	if (row->value)
		paragraph.at += fprintf(out, " %s", row->value);
	if (paragraph.at + 2 > HELP_AT) {
		fputc('\n', out);
		paragraph.at = 0;
	}
	paragraph.at += fprintf(out, "%*s", HELP_AT - 1 - paragraph.at, "");
	put_words(&paragraph, row->help);
	if (row->otherwise) {
		snprintf(number, sizeof(number), "(%llu)", (unsigned long long)row->otherwise);
		put(&paragraph, number, (int)strlen(number));
	}
	fputc('\n', out);
}

static void print_columns(const struct tg_column *columns, FILE *out)
{
	struct paragraph paragraph = {.out = out, .at = HELP_AT - 1, .indent = HELP_AT};
	char name[TEXT_SIZE];

	fprintf(out, "%-*s", HELP_AT - 1, "  columns:");
	for (; columns->name; columns++) {
		snprintf(name, sizeof(name), "%s%s", columns->name, columns[1].name ? "," : "");
		put(&paragraph, name, (int)strlen(name));
	}
	fputc('\n', out);
}

void tg_help_print(const struct tg_command *command, FILE *out)
{
	const struct tg_option *row;
	size_t i;

	fprintf(out, "%s\n\n", command->does);
	for (i = 0; (row = row_at(command, i)); i++)
		if (!(command->no_json && row == of_all))
			print_row(row, out);
	for (i = 0; i < ROWS(of_program); i++)
		print_row(&of_program[i], out);
	for (i = 0; command->tables[i]; i++)
		print_columns(command->tables[i], out);
}
