/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of commands: finds the one that a command line is for, and runs it. */
#ifndef TG_CLI_COMMAND_LIST_H
#define TG_CLI_COMMAND_LIST_H

#include <stdio.h>

struct tg_command;

/* All of them, in the order of --help; ends with NULL. Those with actions are one for each. */
extern const struct tg_command *const tg_commands[];

/* --help of the program: a line for each command. */
void tg_commands_print(FILE *out);

/* @argv[0]: the command's name. Returns the exit code. */
int tg_commands_run(int argc, char **argv);

#endif
