/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What commands do with an answer of the daemon: print it as the options say. */
#ifndef TG_CLI_SHOW_H
#define TG_CLI_SHOW_H

#include <jansson.h>

struct tg_arguments;
struct tg_column;

/*
 * Sends @request (taken over), and prints the result as JSON with --json, else by @print. Returns
 * the exit code; what is wrong has been logged.
 */
int tg_show(json_t *request, const struct tg_arguments *arguments,
	    void (*print)(const json_t *result, const struct tg_arguments *arguments));

/* tg_columns_print() of @rows (taken over) to standard output, with -o and --noheadings. */
void tg_show_table(const struct tg_column *columns, json_t *rows,
		   const struct tg_arguments *arguments);

#endif
