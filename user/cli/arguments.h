/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Describes a command by a table of its operands and options. The table parses a command line, by
 * getopt_long(3), so an option may be cut short as long as it is unambiguous. It prints usage and
 * --help as well.
 */
#ifndef TG_CLI_ARGUMENTS_H
#define TG_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct tg_column;
struct tg_arguments;

enum tg_option_type {
	TG_WORD,     /* an operand; goes to tg_arguments.operands */
	TG_FLAG,     /* bool */
	TG_TEXT,     /* const char *, NULL if not given */
	TG_CHOICE,   /* const char *; one of the words that .value has with | between them */
	TG_NUMBER,   /* uint64_t from .least to .most; .otherwise if not given */
	TG_DURATION, /* uint64_t, ns, at least 1; 0 if not given */
};

/* How the usage shows a row. The parser checks only the number of operands; a command checks itself
 * that its options go together. */
enum tg_option_need {
	TG_OPTIONAL, /* [--for TIME] */
	TG_REQUIRED, /* FILE */
	TG_EITHER,   /* ADDRESS | --key KEY */
};

struct tg_option {
	const char *name; /* without the dashes; NULL for an operand */
	char letter;	  /* 0: none */
	enum tg_option_type type;
	size_t offset;	   /* in struct tg_arguments */
	const char *value; /* its name in the usage; an operand that ends in ... takes many */
	const char *help;  /* one line */
	enum tg_option_need need;
	uint64_t least, most, otherwise;
};

struct tg_command {
	const char *name, *action;	   /* "deny", "add"; most commands have no action */
	const char *does;		   /* one line */
	const struct tg_option *options;   /* ends with one that has no help; NULL: none */
	const struct tg_column *tables[3]; /* what -o chooses from; ends with NULL */
	bool no_json;			   /* ignores --json, and does not show it */
	int (*run)(const struct tg_arguments *arguments); /* returns an enum tg_exit */
};

/* What a command line says. Texts are those of argv. */
struct tg_arguments {
	const struct tg_command *command;
	char **operands; /* ends with NULL */
	int operands_n;
	bool json, all, save, follow, noheadings;
	bool automatic, if_present; /* --auto, --if-present */
	const char *limit, *by, *state, *confirm, *key;
	const char *duration, *note; /* of --for and --note */
	const char *pcap, *filter, *hook;
	const char *interface, *per, *prefix, *quantile; /* of suggest */
	const char *columns;				 /* of -o */
	uint64_t n, cost;
	uint64_t live; /* ns */
	uint64_t mtu;
};

/* clang-format off */
/* Rows of .options. The value of an option goes to @member of struct tg_arguments; other members of the
 * row may follow. */
#define TG_OPTION(type_, name_, member, value_, help_, ...) \
	{.type = type_, .name = name_, .offset = offsetof(struct tg_arguments, member), \
	 .value = value_, .help = help_, ##__VA_ARGS__}
#define TG_OPERAND(value_, help_, need_) \
	{.type = TG_WORD, .value = value_, .help = help_, .need = need_}
/* clang-format on */

enum tg_parsed {
	TG_PARSED,
	TG_PARSED_HELP,	 /* --help or -h is among the options */
	TG_PARSED_WRONG, /* the mistake has been logged */
};

/*
 * Reads a command line into *@arguments. Each command takes --json beside its own options; one with
 * tables takes -o and --noheadings too. @argv begins with the command's name, ends with NULL, and
 * is reordered so that operands stand last.
 */
enum tg_parsed tg_arguments_parse(const struct tg_command *command, int argc, char **argv,
				  struct tg_arguments *arguments);

/* Whether @argument is an option of @command whose value is the next argument. */
bool tg_arguments_takes_next(const struct tg_command *command, const char *argument);

/*
 * Prints @first, then the command's name, operands and options; with @brief only its own options.
 * Breaks lines at 80 characters. Returns the length of the last line, which is not ended.
 */
int tg_usage_print(const struct tg_command *command, const char *first, bool brief, FILE *out);

/* Prints what the command does, then each operand, each option, and the columns of each table. */
void tg_help_print(const struct tg_command *command, FILE *out);

#endif
