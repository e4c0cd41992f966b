/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists the commands, finds the one that a command line is for, and runs it. */
#ifndef TG_CLI_COMMAND_LIST_H
#define TG_CLI_COMMAND_LIST_H

#include <stdio.h>

struct tg_command;

/* All commands in the order of --help; ends with NULL. A command with actions has one for each. */
extern const struct tg_command *const tg_commands[];

/* Prints the program's --help, with a line for each command. */
void tg_commands_print(FILE *out);

/* Runs the command @argv[0] with the arguments after it. @argv ends with NULL and is reordered.
 * Returns the exit code (enum tg_exit); mistakes have been logged, with the usage on stderr. */
int tg_commands_run(int argc, char **argv);

#endif
