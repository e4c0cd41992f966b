// SPDX-License-Identifier: GPL-2.0-or-later
/* The commands reload, diff, apply, confirm and rollback: change the whole policy. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/arguments.h"
#include "base/cleanup.h"
#include "cli/show.h"
#include "control/client.h"
#include "cli/commands.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/ssh_session.h"

static void print_reload(const json_t *result, const struct tg_arguments *arguments)
{
	printf("in force as generation %lld\n", tg_json_number(result, "generation"));
}

/* Warns of the file that the daemon is about to read. Silent if no daemon answers, because the
 * request that follows says so. */
static void warn_of_reload(void)
{
	json_t *status = NULL;

	if (tg_client_ask(json_pack("{s:s}", "command", "status"), true, &status, NULL) ==
	    TG_EXIT_OK)
		tg_ssh_session_warn_of(tg_json_text(json_object_get(status, "daemon"), "config"));
	json_decref(status);
}

static int run_reload(const struct tg_arguments *arguments)
{
	warn_of_reload();
	return tg_show(json_pack("{s:s}", "command", "reload"), arguments, print_reload);
}

const struct tg_command cmd_reload = {
	.name = "reload",
	.does = "read the configuration file again",
	.run = run_reload,
};

static void print_changes(const json_t *result, const struct tg_arguments *arguments)
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

/* Makes the path absolute, because the daemon has another working directory. The caller frees it.
 * NULL after logging what is wrong. */
static char *absolute(const char *file)
{
	char *path = realpath(file, NULL);

	if (!path)
		tg_log_errno(errno, "%s", file);
	return path;
}

static int run_diff(const struct tg_arguments *arguments)
{
	tg_autofree char *path = NULL;

	path = absolute(arguments->operands[0]);
	if (!path)
		return TG_EXIT_FAILED;
	tg_ssh_session_warn_of(path);
	return tg_show(json_pack("{s:s, s:s}", "command", "diff", "file", path), arguments,
		       print_changes);
}

static const struct tg_option diff_options[] = {
	TG_OPERAND("FILE", "a configuration, as tidegate.yaml(5) has it", TG_REQUIRED),
	{},
};

const struct tg_command cmd_diff = {
	.name = "diff",
	.does = "what a policy would change, and what of live buckets",
	.options = diff_options,
	.run = run_diff,
};

static void print_apply(const json_t *result, const struct tg_arguments *arguments)
{
	print_changes(result, arguments);
	printf("in force as generation %lld\n", tg_json_number(result, "generation"));
	if (tg_json_number(result, "confirm_ms"))
		printf("goes back in %lld s unless you run: tidegate confirm\n",
		       tg_json_number(result, "confirm_ms") / 1000);
	printf("a restart or reload reads %s: put the file there to keep it\n",
	       tg_json_text(result, "config"));
}

static int run_apply(const struct tg_arguments *arguments)
{
	tg_autofree char *path = NULL;

	path = absolute(arguments->operands[0]);
	if (!path)
		return TG_EXIT_FAILED;
	tg_ssh_session_warn_of(path);
	return tg_show(json_pack("{s:s, s:s, s:s*}", "command", "apply", "file", path, "confirm",
				 arguments->confirm),
		       arguments, print_apply);
}

static const struct tg_option apply_options[] = {
	TG_OPERAND("FILE", "a configuration, as tidegate.yaml(5) has it", TG_REQUIRED),
	TG_OPTION(TG_TEXT, "confirm", confirm, "TIME",
		  "go back after this time, such as 60s, unless `tidegate confirm` comes first"),
	{},
};

const struct tg_command cmd_apply = {
	.name = "apply",
	.does = "put a policy in force; go back unless confirmed",
	.options = apply_options,
	.run = run_apply,
};

static void print_confirm(const json_t *result, const struct tg_arguments *arguments)
{
	printf("generation %lld is confirmed\n", tg_json_number(result, "generation"));
}

static int run_confirm(const struct tg_arguments *arguments)
{
	return tg_show(json_pack("{s:s}", "command", "confirm"), arguments, print_confirm);
}

const struct tg_command cmd_confirm = {
	.name = "confirm",
	.does = "keep what was applied with --confirm",
	.run = run_confirm,
};

static void print_rollback(const json_t *result, const struct tg_arguments *arguments)
{
	printf("back to the policy before, from %s, as generation %lld\n",
	       tg_json_text(result, "policy"), tg_json_number(result, "generation"));
}

static int run_rollback(const struct tg_arguments *arguments)
{
	return tg_show(json_pack("{s:s}", "command", "rollback"), arguments, print_rollback);
}

const struct tg_command cmd_rollback = {
	.name = "rollback",
	.does = "back to the policy before the last change",
	.run = run_rollback,
};
