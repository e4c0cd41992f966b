// SPDX-License-Identifier: GPL-2.0-or-later
/* The command line: a table of commands that is the usage text as well. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "client.h"
#include "commands.h"
#include "log.h"

static const struct {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments, *does;
} commands[] = {
	{"check", cmd_check, "FILE", "validate a configuration; say what it would enforce"},
	{"status", cmd_status, "", "daemon, interfaces, table"},
	{"limits", cmd_limits, "[NAME]", "each limit's settings and counters"},
	{"top", cmd_top, "[--limit L] [--by exceeded|admitted] [-n N]", "the busiest sources"},
	{"why", cmd_why, "ADDRESS | --key KEY", "how an address stands with each limit, or a key"},
	{"cluster", cmd_cluster, "", "other nodes and their store, and limits shared with them"},
	{"charge", cmd_charge, "LIMIT KEY [--cost N] [--state DIR]",
	 "take tokens as an application does; exit code 10: refused"},
	{"events", cmd_events, "[--follow] [--limit L] [-n N]",
	 "a sample of who exceeded what, and when"},
	{"set", cmd_set, "LIMIT KEY=VALUE... [--save]",
	 "change capacity, refill and what else may be, at once"},
	{"shadow", cmd_shadow, "on|off LIMIT... [--save]",
	 "let limits count without acting, or act"},
	{"reload", cmd_reload, "", "read the configuration file again"},
	{"diff", cmd_diff, "FILE", "what a policy would change, and what of live buckets"},
	{"apply", cmd_apply, "FILE [--confirm 60s]",
	 "put a policy in force; go back unless confirmed"},
	{"confirm", cmd_confirm, "", "keep what was applied with --confirm"},
	{"rollback", cmd_rollback, "", "back to the policy before the last change"},
	{"allow", cmd_entries, "add PREFIX|- [--for 10m] [--note TEXT]",
	 "never limit a source; - reads prefixes from standard input"},
	{"allow", cmd_entries, "del PREFIX|-", "take it off the list"},
	{"allow", cmd_entries, "list", "what is on the list"},
	{"deny", cmd_entries, "add|del PREFIX|- ... | list",
	 "likewise: drop all packets of a source"},
	{"reset", cmd_reset, "ADDRESS | --key KEY | --limit L | --all", "give the tokens back"},
	{"simulate", cmd_simulate, "FILE --pcap CAPTURE [--hook H] [--filter F] [-n N]",
	 "what a policy would have done to captured packets"},
	{"suggest", cmd_suggest,
	 "--pcap CAPTURE | --live 10m [--interface I] [--per P]\n"
	 "          [--prefix 32,64] [--quantile 0.99] [--filter F]",
	 "limits that all but a few sources would not notice"},
	{"detach", cmd_detach, "[--state DIR]", "remove every program, link and pin of ours"},
	{"version", cmd_version, "", "versions, and what this kernel has"},
};

#define SYNOPSIS_WIDTH 18 /* longer ones have a line of their own */

static void print_usage(FILE *out)
{
	char synopsis[192];
	size_t i;

	fputs("usage: tidegate [--control SOCKET] COMMAND [--json] ...\n\n", out);
	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		snprintf(synopsis, sizeof(synopsis), "%s %s", commands[i].name,
			 commands[i].arguments);
		if (strlen(synopsis) > SYNOPSIS_WIDTH)
			fprintf(out, "  %s\n  %-*s %s\n", synopsis, SYNOPSIS_WIDTH, "",
				commands[i].does);
		else
			fprintf(out, "  %-*s %s\n", SYNOPSIS_WIDTH, synopsis, commands[i].does);
	}
	fputs("\nThe socket is taken from --control or TIDEGATE_CONTROL. Exit codes: 0 done,\n"
	      "1 failed, 2 wrong usage, 3 configuration invalid, 4 refused, 5 no daemon\n"
	      "answers, 6 not found, 10 charge: the limit refuses.\n",
	      out);
}

/* After what was wrong, how it is right. */
static void print_synopses(const char *name, FILE *out)
{
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			fprintf(out, "usage: tidegate %s%s%s [--json]\n", name,
				*commands[i].arguments ? " " : "", commands[i].arguments);
}

static int run(const char *name, int argc, char **argv)
{
	size_t i;
	int code;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		if (strcmp(commands[i].name, name) == 0)
			break;
	if (i < sizeof(commands) / sizeof(commands[0])) {
		code = commands[i].run(argc, argv);
		if (code == TG_EXIT_USAGE)
			print_synopses(name, stderr);
		return code;
	}
	tg_log(TG_LOG_ERROR, "unknown command \"%s\"; `tidegate --help` lists them", name);
	return TG_EXIT_USAGE;
}

/* Takes --control out, wherever it stands. Returns false if its value is missing. */
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

/* The command first, so that options that stood before it become its own. */
static const char *command_first(int argc, char **argv)
{
	char *command;
	int i;

	for (i = 1; i < argc && argv[i][0] == '-'; i++)
		;
	if (i == argc)
		return NULL;
	command = argv[i];
	for (; i > 1; i--)
		argv[i] = argv[i - 1];
	argv[1] = command;
	return command;
}

int main(int argc, char **argv)
{
	const char *environment = getenv("TIDEGATE_CONTROL"), *command;

	tg_log_setup("tidegate", TG_LOG_INFO, TG_LOG_TEXT);
	if (environment && *environment)
		tg_client_control = environment;
	if (!take_control(&argc, argv)) {
		tg_log(TG_LOG_ERROR, "--control needs the path of a socket");
		return TG_EXIT_USAGE;
	}
	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 ||
			 strcmp(argv[1], "help") == 0)) {
		print_usage(stdout);
		return TG_EXIT_OK;
	}
	if (argc > 1 && strcmp(argv[1], "--version") == 0) {
		puts("tidegate " TG_VERSION);
		return TG_EXIT_OK;
	}
	command = command_first(argc, argv);
	if (!command) {
		print_usage(stderr);
		return TG_EXIT_USAGE;
	}
	return run(command, argc - 1, argv + 1);
}
