// SPDX-License-Identifier: GPL-2.0-or-later
/* The daemon's main: signals, event loop, and what is opened in which order. */
#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <systemd/sd-daemon.h>

#include "base/capabilities.h"
#include "base/clock.h"
#include "base/event_first.h"
#include "cluster/cluster.h"
#include "config/config.h"
#include "control/server.h"
#include "daemon/daemon.h"
#include "daemon/descriptors.h"
#include "daemon/event_loop.h"
#include "daemon/lifecycle.h"
#include "daemon/options.h"
#include "daemon/change.h"
#include "daemon/reload.h"
#include "daemon/unconfirmed.h"
#include "daemon/watchdog.h"
#include "daemon/recent.h"
#include "datapath/datapath.h"
#include "daemon/events.h"
#include "base/exit.h"
#include "cluster/secret.h"
#include "cluster/store.h"
#include "daemon/history.h"
#include "http/http.h"
#include "base/log.h"
#include "base/errmsg.h"
#include "attach/link_monitor.h"
#include "base/ownership.h"
#include "kernel/libbpf_log.h"
#include "kernel/load_check.h"
#include "control/requests.h"
#include "control/walks.h"

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

static void on_signal(evutil_socket_t signal, short what, void *data)
{
	struct tg_daemon *daemon = data;

	if (signal == SIGHUP)
		tg_daemon_reload_soon(daemon);
	else if (signal == SIGUSR1)
		tg_daemon_stop(daemon, TG_ENDING_KEEP);
	else
		tg_daemon_stop(daemon, daemon->config->on_stop == TG_ON_STOP_KEEP ? TG_ENDING_KEEP
										  : TG_ENDING_STOP);
}

/* The service sends SIGUSR1 on a restart or an upgrade, so that the enforcement goes on. */
static const int signals[] = {SIGHUP, SIGTERM, SIGINT, SIGUSR1};

#define SIGNALS (sizeof(signals) / sizeof(signals[0]))

/*
 * Blocks the signals (SIG_BLOCK) until the event loop takes them (SIG_UNBLOCK). One that comes
 * while the daemon starts waits until then, and is neither lost nor fatal.
 */
static void mask_signals(int how)
{
	sigset_t set;
	size_t i;

	sigemptyset(&set);
	for (i = 0; i < SIGNALS; i++)
		sigaddset(&set, signals[i]);
	pthread_sigmask(how, &set, NULL);
}

/* Runs the event loop until a signal or a request ends it. Returns 0 or -errno, logged. */
static int run(struct tg_daemon *daemon)
{
	struct event *events[SIGNALS], *watchdog;
	size_t i;
	int error;

	for (i = 0; i < SIGNALS; i++) {
		events[i] = evsignal_new(daemon->base, signals[i], on_signal, daemon);
		tg_event_first(events[i]);
		if (!events[i] || event_add(events[i], NULL))
			return tg_log_errno(ENOMEM, "signals");
	}
	error = tg_daemon_start_timers(daemon);
	if (!error)
		error = tg_watchdog_open(daemon->base, &watchdog);
	if (error)
		return error;
	sd_notify(0, "READY=1");
	tg_log(TG_LOG_INFO, "ready");
	mask_signals(SIG_UNBLOCK);
	event_base_dispatch(daemon->base);
	mask_signals(SIG_BLOCK);
	sd_notify(0, "STOPPING=1");
	for (i = 0; i < SIGNALS; i++)
		event_free(events[i]);
	if (watchdog)
		event_free(watchdog);
	tg_daemon_stop_timers(daemon);
	return 0;
}

/* Publishes the first policy, and opens the cluster. Returns 0 or -errno, logged. */
static int put_in_force(struct tg_daemon *daemon)
{
	struct tg_store_trust *trust = tg_store_trust_read(&daemon->config->cluster);
	struct tg_cluster_secret secret;
	char errmsg[TG_ERRMSG_SIZE];
	int error;

	/* Nobody else has the configuration yet. */
	error = tg_cluster_secret_note((struct tg_config *)daemon->config, &secret, errmsg);
	if (!error)
		error = tg_datapath_publish(daemon->datapath, daemon->config, errmsg);
	if (error)
		tg_log(TG_LOG_ERROR, "%s", errmsg);
	else
		error = tg_cluster_follow(&daemon->cluster, daemon->base, daemon->datapath,
					  daemon->config, &secret, trust);
	tg_store_trust_free(&trust);
	explicit_bzero(&secret, sizeof(secret));
	return error;
}

/* Has the change that an earlier daemon left unconfirmed wait, or go back; then the first policy.
 */
static int resume(struct tg_daemon *daemon)
{
	struct tg_config *before = NULL;
	uint64_t left = tg_unconfirmed_resume(daemon, &before);
	int error = put_in_force(daemon);

	if (!error && before)
		tg_history_resume(daemon, &before, left);
	tg_config_free(&before);
	return error;
}

/*
 * Opens everything, then puts the configuration in force. Ports and sockets come before the
 * publish, so that a port that is taken does not change what an earlier daemon left in force, nor
 * what a running one has kept of a change. Returns 0 or -errno, logged; the caller closes what was
 * opened in any case.
 */
static int start(struct tg_daemon *daemon, struct tg_control **control, struct tg_http **http,
		 struct tg_link_monitor **netlink)
{
	char errmsg[TG_ERRMSG_SIZE];
	int error;

	error = tg_datapath_open(daemon->state_dir, &daemon->datapath, errmsg);
	if (!error)
		error = tg_capabilities_try(tg_load_check, errmsg);
	if (error) {
		tg_log(TG_LOG_ERROR, "%s", errmsg);
		return error;
	}
	error = tg_control_open(daemon->base, daemon->control_path, tg_request_begin, daemon,
				control);
	if (!error)
		error = tg_http_open(daemon->base, daemon->metrics_address, tg_request_handle,
				     daemon, http);
	/* Opens before the publish looks for interfaces, so that none that appears then is missed.
	 */
	if (!error)
		error = tg_link_monitor_open(daemon->base, tg_daemon_follow_interfaces, daemon,
					     netlink);
	if (!error)
		error = resume(daemon);
	if (error)
		return error;
	return tg_events_open(daemon->base, daemon->datapath, &daemon->events);
}

/* Starts, runs and closes all. Returns 0 or -errno, logged. */
static int serve(struct tg_daemon *daemon)
{
	struct tg_control *control = NULL;
	struct tg_link_monitor *netlink = NULL;
	struct tg_http *http = NULL;
	int error;

	daemon->base = tg_event_loop_new();
	if (!daemon->base)
		return tg_log_errno(ENOMEM, "event loop");
	error = tg_history_open(daemon, daemon->base);
	if (!error)
		error = start(daemon, &control, &http, &netlink);
	if (!error)
		error = tg_capabilities_drop();
	if (!error)
		error = tg_walks_open(daemon);
	if (!error)
		error = tg_changes_open(daemon);
	if (!error) {
		error = run(daemon);
		tg_changes_close(daemon);
		tg_cluster_close(&daemon->cluster);
		tg_daemon_finish(daemon);
	}
	tg_cluster_close(&daemon->cluster);
	tg_history_close(daemon);
	tg_events_close(&daemon->events);
	tg_link_monitor_close(&netlink);
	tg_http_close(&http);
	tg_recent_drop(daemon);
	tg_walks_close(daemon);
	tg_control_close(&control);
	event_base_free(daemon->base);
	return error;
}

int main(int argc, char **argv)
{
	struct tg_daemon daemon = {.started_ns = tg_now_ns()};
	struct tg_config *config = NULL;
	struct tg_options options;
	int code, error;

	tg_log_setup("tidegated", TG_LOG_INFO, TG_LOG_TEXT);
	tg_ownership_demand();
	code = tg_options_parse(argc, argv, &daemon, &options);
	if (code >= 0)
		return code;
	tg_log_setup("tidegated", options.level, options.format);
	tg_libbpf_log();
	mask_signals(SIG_BLOCK);
	signal(SIGPIPE, SIG_IGN);
	tg_descriptors_raise();
	error = tg_daemon_load(daemon.config_path, &config, NULL);
	if (error)
		return error == -EINVAL ? TG_EXIT_INVALID : exit_code(error);
	daemon.config = config;
	error = serve(&daemon);
	tg_datapath_close(&daemon.datapath);
	tg_config_unref(&daemon.config);
	return exit_code(error);
}
