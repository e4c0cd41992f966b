// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs the timers of the datapath, and detaches at the end. */
#include "daemon/lifecycle.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "base/event_first.h"
#include "datapath/datapath.h"
#include "base/log.h"

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
	tg_event_first(daemon->maintenance);
	if (!daemon->maintenance || event_add(daemon->maintenance, &second))
		return tg_log_errno(ENOMEM, "timer");
	daemon->reclaiming = evtimer_new(daemon->base, on_slice, daemon);
	tg_event_first(daemon->reclaiming);
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
	int error;

	if (daemon->ending == TG_ENDING_KEEP) {
		tg_log(TG_LOG_INFO, "stopped; enforcement stays");
		return;
	}
	error = tg_datapath_detach(daemon->datapath, daemon->ending == TG_ENDING_DETACH, &links);
	tg_log(TG_LOG_INFO, "stopped; %u link(s) detached", links);
	if (error)
		tg_log(TG_LOG_ERROR, "%s is not empty: %s; `tidegate detach` removes what is left",
		       daemon->state_dir, strerror(-error));
}
