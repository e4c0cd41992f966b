// SPDX-License-Identifier: GPL-2.0-or-later
/* Asks the daemon, and prints its reply. */
#include "cli/show.h"

#include <stdbool.h>
#include <stdio.h>

#include "cli/arguments.h"
#include "cli/columns.h"
#include "control/client.h"
#include "cli/commands.h"
#include "base/log.h"

/* A table of this reply could not be printed. */
static bool failed;

int tg_show(json_t *request, const struct tg_arguments *arguments,
	    void (*print)(const json_t *result, const struct tg_arguments *arguments))
{
	json_auto_t *result = NULL;
	int code = tg_client_ask(request, false, &result, NULL);

	if (code != TG_EXIT_OK)
		return code;
	if (arguments->json) {
		json_dumpf(result, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print(result, arguments);
	}
	return fflush(stdout) == 0 && !failed ? TG_EXIT_OK : TG_EXIT_FAILED;
}

void tg_show_table(const struct tg_column *columns, json_t *rows,
		   const struct tg_arguments *arguments)
{
	if (tg_columns_print(columns, rows, arguments->columns, !arguments->noheadings, stdout)) {
		tg_log(TG_LOG_ERROR, "out of memory");
		failed = true;
	}
	json_decref(rows);
}
