/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the daemon's event loop. */
#ifndef TG_DAEMON_EVENT_LOOP_H
#define TG_DAEMON_EVENT_LOOP_H

struct event_base;

/*
 * Returns a loop with the priorities of base/event_first.h, which looks for events that go first at
 * least every 5 ms, and after each event that goes last; NULL when out of memory. Sends libevent's
 * messages to the log from now on.
 */
struct event_base *tg_event_loop_new(void);

#endif
