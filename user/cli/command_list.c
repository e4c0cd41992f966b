// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds commands and their actions, and prints help and usages. */
#include "cli/command_list.h"

#include <string.h>

#include "cli/arguments.h"
#include "cli/columns.h"
#include "cli/commands.h"
#include "base/log.h"

/* clang-format off */
const struct tg_command *const tg_commands[] = {
	&cmd_check, &cmd_status, &cmd_limits, &cmd_top, &cmd_why, &cmd_cluster, &cmd_charge,
	&cmd_events, &cmd_set, &cmd_shadow, &cmd_reload, &cmd_diff, &cmd_apply, &cmd_confirm,
	&cmd_rollback, &cmd_allow_add, &cmd_allow_del, &cmd_allow_list, &cmd_deny_add,
	&cmd_deny_del, &cmd_deny_list, &cmd_reset, &cmd_simulate, &cmd_suggest, &cmd_detach,
	&cmd_version, NULL,
};
/* clang-format on */

#define DOES_AT 21 /* column where --help says what a command does */

/* Returns the first command called @name from @from on, a place in tg_commands; NULL: no more. */
static const struct tg_command *const *next_of(const char *name,
					       const struct tg_command *const *from)
{
	for (; *from; from++)
		if (strcmp((*from)->name, name) == 0)
			return from;
	return NULL;
}

void tg_commands_print(FILE *out)
{
	const struct tg_command *const *command;
	int at;

	fputs("usage: tidegate [--control SOCKET] COMMAND [--json] ...\n\n", out);
	for (command = tg_commands; *command; command++) {
		at = tg_usage_print(*command, " ", true, out);
		if (at >= DOES_AT) {
			fputc('\n', out);
			at = 0;
		}
		fprintf(out, "%*s%s\n", DOES_AT - at, "", (*command)->does);
	}
	fputs("\n`tidegate COMMAND --help` says what its arguments and options are. The socket is\n"
	      "taken from --control or TIDEGATE_CONTROL. Exit codes: 0 done, 1 failed, 2 wrong\n"
	      "usage, 3 configuration invalid, 4 refused, 5 no daemon answers, 6 not found,\n"
	      "10 charge: the limit refuses.\n",
	      out);
}

/* Prints the usage of @only, or of all actions of the command if it is NULL. */
static void print_usages(const struct tg_command *const *first, const struct tg_command *only,
			 FILE *out)
{
	const struct tg_command *const *command;
	const char *begin = "usage: tidegate";

	for (command = first; command; command = next_of((*first)->name, command + 1)) {
		if (only && *command != only)
			continue;
		tg_usage_print(*command, begin, false, out);
		fputc('\n', out);
		begin = "       tidegate";
	}
}

static int print_help(const struct tg_command *const *first, const struct tg_command *only)
{
	const struct tg_command *const *command;

	print_usages(first, only, stdout);
	for (command = first; command; command = next_of((*first)->name, command + 1)) {
		if (only && *command != only)
			continue;
		putchar('\n');
		if (!only && (*command)->action)
			printf("%s %s: ", (*command)->name, (*command)->action);
		tg_help_print(*command, stdout);
	}
	return fflush(stdout) == 0 ? TG_EXIT_OK : TG_EXIT_FAILED;
}

/* Returns the index in @argv of the action: the first argument that is neither an option nor the
 * value of one. @argc: there is none. */
static int find_action(const struct tg_command *const *first, int argc, char **argv)
{
	const struct tg_command *const *command;
	bool takes_next;
	int i;

	for (i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			return i + 1;
		if (argv[i][0] != '-' || !argv[i][1])
			return i;
		takes_next = false;
		for (command = first; command; command = next_of((*first)->name, command + 1))
			takes_next |= tg_arguments_takes_next(*command, argv[i]);
		i += takes_next;
	}
	return argc;
}

/* Takes the action out of @argv and returns its command. NULL if it is missing or unknown. */
static const struct tg_command *take_action(const struct tg_command *const *first, int *argc,
					    char **argv)
{
	int at = find_action(first, *argc, argv);
	const struct tg_command *const *command;

	for (command = first; at < *argc && command;
	     command = next_of((*first)->name, command + 1)) {
		if (strcmp((*command)->action, argv[at]) != 0)
			continue;
		memmove(&argv[at], &argv[at + 1], (*argc - at) * sizeof(*argv));
		(*argc)--;
		return *command;
	}
	return NULL;
}

/* Prints help if asked for, else logs which actions there are. Returns the exit code. */
static int no_action(const struct tg_command *const *first, int argc, char **argv)
{
	const struct tg_command *const *command;
	char actions[128] = "";
	size_t length = 0;
	int i;

	for (i = 1; i < argc; i++)
		if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return print_help(first, NULL);
	for (command = first; command; command = next_of((*first)->name, command + 1))
		length += snprintf(actions + length, sizeof(actions) - length, "%s%s %s",
				   !length				  ? ""
				   : next_of((*first)->name, command + 1) ? ", "
									  : " or ",
				   (*command)->name, (*command)->action);
	tg_log(TG_LOG_ERROR, "`%s`: write %s", (*first)->name, actions);
	print_usages(first, NULL, stderr);
	return TG_EXIT_USAGE;
}

int tg_commands_run(int argc, char **argv)
{
	const struct tg_command *const *first = next_of(argv[0], tg_commands);
	const struct tg_command *command;
	struct tg_arguments arguments;
	int code = TG_EXIT_USAGE;

	if (!first) {
		tg_log(TG_LOG_ERROR, "unknown command \"%s\"; `tidegate --help` lists them",
		       argv[0]);
		return TG_EXIT_USAGE;
	}
	command = (*first)->action ? take_action(first, &argc, argv) : *first;
	if (!command)
		return no_action(first, argc, argv);
	switch (tg_arguments_parse(command, argc, argv, &arguments)) {
	case TG_PARSED_HELP:
		return print_help(first, command);
	case TG_PARSED_WRONG:
		break;
	case TG_PARSED:
		if (!arguments.columns || tg_columns_check(command->tables, arguments.columns))
			code = command->run(&arguments);
	}
	if (code == TG_EXIT_USAGE)
		print_usages(first, command, stderr);
	return code;
}
