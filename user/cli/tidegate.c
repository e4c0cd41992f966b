// SPDX-License-Identifier: GPL-2.0-or-later
/* The program tidegate: takes out options of the program, and hands the rest to the command. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/command_list.h"
#include "control/client.h"
#include "cli/commands.h"
#include "cli/terminal.h"
#include "base/log.h"

/* Takes --control out, wherever it stands. False if its value is missing. */
static bool take_control(int *argc, char **argv)
{
	static const char option[] = "--control";
	int from, to = 1;

	for (from = 1; from < *argc; from++) {
		if (strcmp(argv[from], option) == 0) {
			if (++from == *argc)
				return false;
			tg_client_control = argv[from];
		} else if (strncmp(argv[from], "--control=", sizeof(option)) == 0) {
			tg_client_control = argv[from] + sizeof(option);
		} else {
			argv[to++] = argv[from];
		}
	}
	*argc = to;
	argv[to] = NULL;
	return true;
}

/* Moves the command to the front, so that options before it become its own. False: no command. */
static bool command_first(int argc, char **argv)
{
	char *command;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++)
		;
	if (i == argc)
		return false;
	command = argv[i];
	for (; i > 1; i--)
		argv[i] = argv[i - 1];
	argv[1] = command;
	return true;
}

int main(int argc, char **argv)
{
	const char *environment = getenv("TIDEGATE_CONTROL");

	tg_log_setup("tidegate", TG_LOG_INFO, TG_LOG_TEXT);
	if (tg_terminal_guard()) {
		tg_log(TG_LOG_ERROR, "out of memory");
		return TG_EXIT_FAILED;
	}
	if (environment && *environment)
		tg_client_control = environment;
	if (!take_control(&argc, argv)) {
		tg_log(TG_LOG_ERROR, "--control needs the path of a socket");
		return TG_EXIT_USAGE;
	}
	if (argc > 2 && strcmp(argv[1], "help") == 0) {
		/* `help COMMAND` is `COMMAND --help`. */
		memmove(&argv[1], &argv[2], (argc - 2) * sizeof(*argv));
		argv[argc - 1] = "--help";
	}
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
			 strcmp(argv[1], "help") == 0)) {
		tg_commands_print(stdout);
		return TG_EXIT_OK;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("tidegate " TG_VERSION);
		return TG_EXIT_OK;
	}
	if (!command_first(argc, argv)) {
		if (argc > 1)
			tg_log(TG_LOG_ERROR, "\"%s\" is no command, and none follows it", argv[1]);
		tg_commands_print(stderr);
		return TG_EXIT_USAGE;
	}
	return tg_commands_run(argc - 1, argv + 1);
}
