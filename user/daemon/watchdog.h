/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells the service manager, while the event loop turns, that the daemon is alive. */
#ifndef TG_DAEMON_WATCHDOG_H
#define TG_DAEMON_WATCHDOG_H

struct event;
struct event_base;

/*
 * Sends WATCHDOG=1 in the loop of @base, at half the interval that the service manager asks for,
 * see sd_watchdog_enabled(3). *@watchdog, which the caller frees by event_free(), is NULL if it
 * does not ask. Returns 0 or -errno, logged.
 */
int tg_watchdog_open(struct event_base *base, struct event **watchdog);

#endif
