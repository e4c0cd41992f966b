// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon: options, signals, event loop, and what is opened in which order. */
#include <bpf/libbpf.h>
#include <errno.h>
#include <event2/event.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/capabilities.h"
#include "base/cleanup.h"
#include "base/clock.h"
#include "cluster/cluster.h"
#include "config/config.h"
#include "config/load.h"
#include "control/server.h"
#include "daemon/daemon.h"
#include "daemon/lifecycle.h"
#include "datapath/datapath.h"
#include "daemon/events.h"
#include "base/exit.h"
#include "cluster/secret.h"
#include "daemon/history.h"
#include "http/http.h"
#include "base/log.h"
#include "base/errmsg.h"
#include "attach/link_monitor.h"
#include "control/requests.h"

#define DEFAULT_CONFIG	"/etc/tidegate/tidegate.yaml"
#define DEFAULT_CONTROL "/run/tidegate/control.sock"
#define DEFAULT_STATE	"/sys/fs/bpf/tidegate"
#define DEFAULT_METRICS "127.0.0.1:9469"
#define LIBBPF_LINES	100 /* of one message */

static const char usage[] = "usage: tidegated [options]\n"
			    "  --config FILE           " DEFAULT_CONFIG "\n"
			    "  --control SOCKET        " DEFAULT_CONTROL "\n"
			    "  --state DIR             " DEFAULT_STATE ", on a bpffs\n"
			    "  --metrics HOST:PORT     " DEFAULT_METRICS ", or none\n"
			    "  --log-format text|json  text\n"
			    "  --log-level LEVEL       error, warning, info or debug; info\n"
			    "  --version\n"
			    "  --help\n";

struct options {
	enum tg_log_level level;
	enum tg_log_format format;
};

static int exit_code(int error)
{
	switch (-error) {
	case 0:
		return TG_EXIT_OK;
	case EPERM:
	case EACCES:
	case EBUSY:
		return TG_EXIT_REFUSED;
	case ENODEV:
		return TG_EXIT_NOT_FOUND;
	}
	return TG_EXIT_FAILED;
}

static int choose(const char *value, const char *const *names, int n)
{
	int i;

	for (i = 0; i < n; i++)
		if (strcmp(value, names[i]) == 0)
			return i;
	return -1;
}

static int set_option(struct tg_daemon *daemon, struct options *options, int option)
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

/* Returns -1 to go on, or the exit code. */
static int parse_options(int argc, char **argv, struct tg_daemon *daemon, struct options *options)
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

static void on_signal(evutil_socket_t signal, short what, void *data)
{
	struct tg_daemon *daemon = data;
	char errmsg[TG_ERRMSG_SIZE];

	if (signal == SIGHUP)
		tg_daemon_reload(daemon, errmsg);
	else if (signal == SIGUSR1)
		tg_daemon_stop(daemon, TG_ENDING_KEEP);
	else
		tg_daemon_stop(daemon, daemon->config->on_stop == TG_ON_STOP_KEEP ? TG_ENDING_KEEP
										  : TG_ENDING_STOP);
}

#define SIGNALS 4

static int run(struct tg_daemon *daemon)
{
	/* SIGUSR1 is sent where another daemon follows: a restart or an upgrade of the service. */
	static const int signals[] = {SIGHUP, SIGTERM, SIGINT, SIGUSR1};
	struct event *events[SIGNALS];
	size_t i;
	int error;

	for (i = 0; i < SIGNALS; i++) {
		events[i] = evsignal_new(daemon->base, signals[i], on_signal, daemon);
		if (!events[i] || event_add(events[i], NULL))
			return tg_log_errno(ENOMEM, "signals");
	}
	error = tg_daemon_start_timers(daemon);
	if (error)
		return error;
	sd_notify(0, "READY=1");
	tg_log(TG_LOG_INFO, "ready");
	event_base_dispatch(daemon->base);
	sd_notify(0, "STOPPING=1");
	for (i = 0; i < SIGNALS; i++)
		event_free(events[i]);
	tg_daemon_stop_timers(daemon);
	return 0;
}

static json_t *on_request(void *data, const json_t *request, bool may_change)
{
	return tg_request_handle(data, request, may_change);
}

/*
 * From configuration to enforcement. Everything that can fail comes before the publish, so
 * that what an earlier daemon left in force is not lost to a port that is taken.
 */
static int start(struct tg_daemon *daemon, struct tg_control **control, struct tg_http **http,
		 struct tg_link_monitor **netlink)
{
	char errmsg[TG_ERRMSG_SIZE];
	int error;

	error = tg_datapath_open(daemon->state_dir, &daemon->datapath, errmsg);
	if (error) {
		tg_log(TG_LOG_ERROR, "%s", errmsg);
		return error;
	}
	error = tg_control_open(daemon->base, daemon->control_path, on_request, daemon, control);
	if (!error)
		error = tg_http_open(daemon->base, daemon->metrics_address, tg_request_handle,
				     daemon, http);
	/* Before the interfaces are looked at, so that none can slip in between. */
	if (!error)
		error = tg_link_monitor_open(daemon->base, tg_daemon_follow_interfaces, daemon,
					     netlink);
	if (error)
		return error;
	error = tg_cluster_secret_note(daemon->config, errmsg);
	if (!error)
		error = tg_datapath_publish(daemon->datapath, daemon->config, errmsg);
	if (error) {
		tg_log(TG_LOG_ERROR, "%s", errmsg);
		return error;
	}
	error = tg_cluster_follow(&daemon->cluster, daemon->base, daemon->datapath, daemon->config);
	if (error)
		return error;
	return tg_events_open(daemon->base, daemon->datapath, &daemon->events);
}

static int serve(struct tg_daemon *daemon)
{
	struct tg_control *control = NULL;
	struct tg_link_monitor *netlink = NULL;
	struct tg_http *http = NULL;
	int error;

	daemon->base = event_base_new();
	if (!daemon->base)
		return tg_log_errno(ENOMEM, "event loop");
	error = tg_history_open(daemon, daemon->base);
	if (!error)
		error = start(daemon, &control, &http, &netlink);
	if (!error)
		error = tg_capabilities_drop();
	if (!error) {
		error = run(daemon);
		tg_cluster_close(&daemon->cluster);
		tg_daemon_finish(daemon);
	}
	tg_cluster_close(&daemon->cluster);
	tg_history_close(daemon);
	tg_events_close(&daemon->events);
	tg_link_monitor_close(&netlink);
	tg_http_close(&http);
	tg_control_close(&control);
	event_base_free(daemon->base);
	return error;
}

/* Where the last @n lines of a text begin: what a verifier finds wrong stands at the end. */
static char *last_lines(char *text, int n)
{
	char *at = text + strlen(text);

	while (at > text && n > 0)
		if (*--at == '\n' && at[1])
			n--;
	return n ? text : at + 1;
}

static int print_libbpf(enum libbpf_print_level level, const char *format, va_list arguments)
{
	tg_autofree char *text = NULL;
	char *line, *rest;

	if (level == LIBBPF_DEBUG || vasprintf(&text, format, arguments) < 0)
		return 0;
	rest = last_lines(text, LIBBPF_LINES);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			tg_log(TG_LOG_DEBUG, "%s", line);
	return 0;
}

int main(int argc, char **argv)
{
	struct tg_daemon daemon = {
		.config_path = DEFAULT_CONFIG,
		.control_path = DEFAULT_CONTROL,
		.state_dir = DEFAULT_STATE,
		.metrics_address = DEFAULT_METRICS,
		.started_ns = tg_now_ns(),
	};
	struct options options = {.level = TG_LOG_INFO, .format = TG_LOG_TEXT};
	int code, error;

	tg_log_setup("tidegated", options.level, options.format);
	code = parse_options(argc, argv, &daemon, &options);
	if (code >= 0)
		return code;
	tg_log_setup("tidegated", options.level, options.format);
	libbpf_set_print(print_libbpf);
	signal(SIGPIPE, SIG_IGN);
	error = tg_daemon_load(daemon.config_path, &daemon.config);
	if (error)
		return error == -EINVAL ? TG_EXIT_INVALID : exit_code(error);
	error = serve(&daemon);
	tg_datapath_close(&daemon.datapath);
	tg_config_free(&daemon.config);
	return exit_code(error);
}
