// SPDX-License-Identifier: GPL-2.0-or-later
/* The options of tidegated, their defaults and its usage. */
#include "daemon/options.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include "base/exit.h"
#include "daemon/daemon.h"

#define DEFAULT_CONFIG	"/etc/tidegate/tidegate.yaml"
#define DEFAULT_CONTROL "/run/tidegate/control.sock"
#define DEFAULT_STATE	"/sys/fs/bpf/tidegate"
#define DEFAULT_METRICS "127.0.0.1:9469"

static const char usage[] = "usage: tidegated [options]\n"
			    "  --config FILE           " DEFAULT_CONFIG "\n"
			    "  --control SOCKET        " DEFAULT_CONTROL "\n"
			    "  --state DIR             " DEFAULT_STATE ", on a bpffs\n"
			    "  --metrics HOST:PORT     " DEFAULT_METRICS ", unix:PATH or none\n"
			    "  --log-format text|json  text\n"
			    "  --log-level LEVEL       error, warning, info or debug; info\n"
			    "  --version\n"
			    "  --help\n";

/* Returns the index of @value in @names, -1 if it is none of them. */
static int choose(const char *value, const char *const *names, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (strcmp(value, names[i]) == 0)
			return i;
	return -1;
}

/* Takes optarg for the option of this letter. Returns -1 if it is no value of the option. */
static int set_option(struct tg_daemon *daemon, struct tg_options *options, int option)
{
	static const char *const levels[] = {"error", "warning", "info", "debug"};
	static const char *const formats[] = {"text", "json"};
	int choice;

	switch (option) {
	case 'c':
		daemon->config_path = optarg;
		return 0;
	case 's':
		daemon->control_path = optarg;
		return 0;
	case 'd':
		daemon->state_dir = optarg;
		return 0;
	case 'm':
		daemon->metrics_address = optarg;
		return 0;
	case 'l':
		choice = choose(optarg, levels, 4);
		options->level = choice;
		return choice;
	case 'f':
		choice = choose(optarg, formats, 2);
		options->format = choice;
		return choice;
	}
	return -1;
}

int tg_options_parse(int argc, char **argv, struct tg_daemon *daemon, struct tg_options *options)
{
	static const struct option long_options[] = {
		{"config", required_argument, NULL, 'c'},
		{"control", required_argument, NULL, 's'},
		{"state", required_argument, NULL, 'd'},
		{"metrics", required_argument, NULL, 'm'},
		{"log-format", required_argument, NULL, 'f'},
		{"log-level", required_argument, NULL, 'l'},
		{"version", no_argument, NULL, 'V'},
		{"help", no_argument, NULL, 'h'},
		{},
	};
	int option;

	daemon->config_path = DEFAULT_CONFIG;
	daemon->control_path = DEFAULT_CONTROL;
	daemon->state_dir = DEFAULT_STATE;
	daemon->metrics_address = DEFAULT_METRICS;
	*options = (struct tg_options){.level = TG_LOG_INFO, .format = TG_LOG_TEXT};
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) >= 0) {
		if (option == 'V' || option == 'h') {
			fputs(option == 'V' ? "tidegated " TG_VERSION "\n" : usage, stdout);
			return TG_EXIT_OK;
		}
		if (option == '?' || set_option(daemon, options, option) < 0) {
			if (option != '?')
				tg_log(TG_LOG_ERROR, "unknown value \"%s\"", optarg);
			fputs(usage, stderr);
			return TG_EXIT_USAGE;
		}
	}
	if (optind == argc)
		return -1;
	tg_log(TG_LOG_ERROR, "unexpected argument \"%s\"", argv[optind]);
	fputs(usage, stderr);
	return TG_EXIT_USAGE;
}
