// SPDX-License-Identifier: GPL-2.0-or-later
/* A timer of the event loop, so that a loop that stands still is noticed. */
#include "daemon/watchdog.h"

#include <errno.h>
#include <event2/event.h>
#include <stdint.h>
#include <systemd/sd-daemon.h>

#include "base/event_first.h"
#include "base/log.h"

static void on_time(evutil_socket_t fd, short what, void *data)
{
	sd_notify(0, "WATCHDOG=1");
}

int tg_watchdog_open(struct event_base *base, struct event **watchdog)
{
	uint64_t interval_us = 0;
	struct timeval half;
	int asked = sd_watchdog_enabled(0, &interval_us);

	*watchdog = NULL;
	if (asked < 0)
		return tg_log_errno(asked, "WATCHDOG_USEC");
	if (!asked)
		return 0;
	half.tv_sec = (time_t)(interval_us / 2 / 1000000);
	half.tv_usec = (suseconds_t)(interval_us / 2 % 1000000);
	*watchdog = event_new(base, -1, EV_PERSIST, on_time, NULL);
	tg_event_first(*watchdog);
	if (!*watchdog)
		return tg_log_errno(ENOMEM, "watchdog");
	return event_add(*watchdog, &half) ? tg_log_errno(ENOMEM, "watchdog") : 0;
}
