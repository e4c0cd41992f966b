// SPDX-License-Identifier: GPL-2.0-or-later
/* reload, diff, apply, confirm, rollback: the whole policy. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "cleanup.h"
#include "client.h"
#include "commands.h"
#include "json.h"
#include "log.h"
#include "login.h"

static void print_reload(const json_t *result)
{
	printf("in force as generation %lld\n", tg_json_number(result, "generation"));
}

/* Of the file that the daemon is about to read; if it does not answer, the request says so. */
static void warn_of_reload(void)
{
	json_t *status = NULL;

	if (tg_client_ask(json_pack("{s:s}", "command", "status"), true, &status, NULL) ==
	    TG_EXIT_OK)
		tg_login_warn_of(tg_json_text(json_object_get(status, "daemon"), "config"));
	json_decref(status);
}

int cmd_reload(int argc, char **argv)
{
	struct tg_arguments arguments;

	if (!tg_arguments_parse(argc, argv, "", 0, 0, &arguments))
		return TG_EXIT_USAGE;
	warn_of_reload();
	return tg_client_show(json_pack("{s:s}", "command", "reload"), arguments.json,
			      print_reload);
}

static void print_changes(const json_t *result)
{
	const json_t *change, *detail;
	size_t i, j;

	fputs(tg_json_text(result, "diagnostics"), stderr);
	if (json_is_true(json_object_get(result, "equal")))
		puts("no difference");
	json_array_foreach(json_object_get(result, "changes"), i, change)
	{
		const char *name = tg_json_text(change, "name");

		printf("%s%s%s: %s\n", tg_json_text(change, "what"), *name ? " " : "", name,
		       tg_json_text(change, "change"));
		json_array_foreach(json_object_get(change, "details"), j, detail)
			printf("    %s\n", json_string_value(detail));
	}
}

/* The daemon does not share our working directory. NULL after saying what is wrong. */
static char *absolute(const char *file)
{
	char *path = realpath(file, NULL);

	if (!path)
		tg_fail(errno, "%s", file);
	return path;
}

int cmd_diff(int argc, char **argv)
{
	tg_autofree char *path = NULL;
	struct tg_arguments arguments;

	if (!tg_arguments_parse(argc, argv, "", 1, 1, &arguments))
		return TG_EXIT_USAGE;
	path = absolute(arguments.operands[0]);
	if (!path)
		return TG_EXIT_FAILED;
	tg_login_warn_of(path);
	return tg_client_show(json_pack("{s:s, s:s}", "command", "diff", "file", path),
			      arguments.json, print_changes);
}

static void print_apply(const json_t *result)
{
	print_changes(result);
	printf("in force as generation %lld\n", tg_json_number(result, "generation"));
	if (tg_json_number(result, "confirm_ms"))
		printf("goes back in %lld s unless you run: tidegate confirm\n",
		       tg_json_number(result, "confirm_ms") / 1000);
	printf("a restart or reload reads %s: put the file there to keep it\n",
	       tg_json_text(result, "config"));
}

int cmd_apply(int argc, char **argv)
{
	tg_autofree char *path = NULL;
	struct tg_arguments arguments;

	if (!tg_arguments_parse(argc, argv, "c", 1, 1, &arguments))
		return TG_EXIT_USAGE;
	path = absolute(arguments.operands[0]);
	if (!path)
		return TG_EXIT_FAILED;
	tg_login_warn_of(path);
	return tg_client_show(json_pack("{s:s, s:s, s:s*}", "command", "apply", "file", path,
					"confirm", arguments.confirm),
			      arguments.json, print_apply);
}

static void print_confirm(const json_t *result)
{
	printf("generation %lld is confirmed\n", tg_json_number(result, "generation"));
}

int cmd_confirm(int argc, char **argv)
{
	struct tg_arguments arguments;

	if (!tg_arguments_parse(argc, argv, "", 0, 0, &arguments))
		return TG_EXIT_USAGE;
	return tg_client_show(json_pack("{s:s}", "command", "confirm"), arguments.json,
			      print_confirm);
}

static void print_rollback(const json_t *result)
{
	printf("back to the policy before, from %s, as generation %lld\n",
	       tg_json_text(result, "policy"), tg_json_number(result, "generation"));
}

int cmd_rollback(int argc, char **argv)
{
	struct tg_arguments arguments;

	if (!tg_arguments_parse(argc, argv, "", 0, 0, &arguments))
		return TG_EXIT_USAGE;
	return tg_client_show(json_pack("{s:s}", "command", "rollback"), arguments.json,
			      print_rollback);
}
