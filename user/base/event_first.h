/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Priorities of the event loop. What is not named here goes last, which is what libevent gives.
 * That is HTTP, which anybody may load, so that it delays nothing else.
 */
#ifndef TG_BASE_EVENT_FIRST_H
#define TG_BASE_EVENT_FIRST_H

#include <event2/bufferevent.h>
#include <event2/event.h>

/* A loop of daemon/event_loop.h has both. Any other loop has only the first. */
enum { TG_EVENT_FIRST, TG_EVENT_LAST, TG_EVENT_PRIORITIES };

/* Has the event go before HTTP. To be called before it is added. NULL-safe. */
static inline void tg_event_first(struct event *event)
{
	if (event)
		event_priority_set(event, TG_EVENT_FIRST);
}

/* Has all events of the buffer go before HTTP. To be called after a connect, too. NULL-safe. */
static inline void tg_buffer_first(struct bufferevent *buffer)
{
	if (buffer)
		bufferevent_priority_set(buffer, TG_EVENT_FIRST);
}

#endif
