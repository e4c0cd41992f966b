/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints the daemon's reply as --json, -o and --noheadings say. */
#ifndef TG_CLI_SHOW_H
#define TG_CLI_SHOW_H

#include <jansson.h>

struct tg_arguments;
struct tg_column;

/*
 * Sends @request, whose reference it takes, and prints the result: as JSON with --json, else by
 * @print. Returns the exit code (enum tg_exit); a failure has been logged, but for one to write.
 */
int tg_show(json_t *request, const struct tg_arguments *arguments,
	    void (*print)(const json_t *result, const struct tg_arguments *arguments));

/* Prints @rows, whose reference it takes, to standard output by tg_columns_print(), with -o and
 * --noheadings. Logs if it runs out of memory. */
void tg_show_table(const struct tg_column *columns, json_t *rows,
		   const struct tg_arguments *arguments);

#endif
