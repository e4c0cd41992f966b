// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads and reloads the configuration, runs the timers of the datapath, and detaches at the end. */
#include "daemon/lifecycle.h"

#include <errno.h>
#include <event2/event.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "config/config.h"
#include "config/load.h"
#include "datapath/datapath.h"
#include "config/diagnostics.h"
#include "daemon/history.h"
#include "base/log.h"
#include "base/errmsg.h"

int tg_daemon_load(const char *path, struct tg_config **config)
{
	struct tg_diagnostics diagnostics = {};
	int error = tg_config_load(path, config, &diagnostics);

	tg_diagnostics_print(&diagnostics, stderr);
	tg_diagnostics_clear(&diagnostics);
	if (error == -ENOENT)
		tg_log(TG_LOG_ERROR,
		       "write a first configuration there (tidegate.yaml(5) begins with one), or "
		       "name another with --config");
	return error;
}

int tg_daemon_reload(struct tg_daemon *daemon, char *errmsg)
{
	tg_cleanup(tg_config_free) struct tg_config *config = NULL;
	int error;

	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)(tg_now_ns() / 1000));
	error = tg_daemon_load(daemon->config_path, &config);
	if (error) {
		daemon->reloads_failed++;
		tg_error_set(errmsg, error,
			     error == -EINVAL
				     ? "%s is not valid, and the policy in force stays; `tidegate "
				       "check %s` shows what is wrong"
				     : "%s cannot be used, and the policy in force stays; the log "
				       "says why",
			     daemon->config_path, daemon->config_path);
		tg_log(TG_LOG_ERROR, "%s", errmsg);
	} else {
		error = tg_history_change(daemon, &config, errmsg);
		if (error == -EALREADY)
			tg_log(TG_LOG_ERROR, "%s", errmsg);
	}
	if (!error)
		tg_log(TG_LOG_INFO, "%s reloaded", daemon->config_path);
	daemon->reload_failed = error != 0;
	sd_notify(0, "READY=1");
	return error;
}

void tg_daemon_stop(struct tg_daemon *daemon, enum tg_ending ending)
{
	daemon->ending = ending;
	event_base_loopbreak(daemon->base);
}

static const struct timeval at_once;

static void on_second(evutil_socket_t fd, short what, void *data)
{
	struct tg_daemon *daemon = data;

	tg_datapath_retry(daemon->datapath);
	if (tg_datapath_maintain(daemon->datapath))
		event_add(daemon->reclaiming, &at_once);
}

/* Runs one slice, and leaves the next to the event loop, so that requests get their turn. */
static void on_slice(evutil_socket_t fd, short what, void *data)
{
	struct tg_daemon *daemon = data;

	if (tg_datapath_reclaim(daemon->datapath))
		event_add(daemon->reclaiming, &at_once);
}

int tg_daemon_start_timers(struct tg_daemon *daemon)
{
	const struct timeval second = {.tv_sec = 1};

	daemon->maintenance = event_new(daemon->base, -1, EV_PERSIST, on_second, daemon);
	if (!daemon->maintenance || event_add(daemon->maintenance, &second))
		return tg_log_errno(ENOMEM, "timer");
	daemon->reclaiming = evtimer_new(daemon->base, on_slice, daemon);
	return daemon->reclaiming ? 0 : tg_log_errno(ENOMEM, "timer");
}

void tg_daemon_stop_timers(struct tg_daemon *daemon)
{
	event_free(daemon->maintenance);
	event_free(daemon->reclaiming);
}

void tg_daemon_follow_interfaces(void *data)
{
	struct tg_daemon *daemon = data;

	tg_datapath_follow(daemon->datapath);
}

void tg_daemon_finish(struct tg_daemon *daemon)
{
	unsigned int links;

	if (daemon->ending == TG_ENDING_KEEP) {
		tg_log(TG_LOG_INFO, "stopped; enforcement stays");
		return;
	}
	if (tg_datapath_detach(daemon->datapath, daemon->ending == TG_ENDING_DETACH, &links) == 0)
		tg_log(TG_LOG_INFO, "stopped; %u link(s) detached", links);
}
