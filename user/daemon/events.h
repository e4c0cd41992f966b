/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The packet programs' samples of what exceeded: taken in as they come, the last ones kept. */
#ifndef TG_DAEMON_EVENTS_H
#define TG_DAEMON_EVENTS_H

#include <jansson.h>
#include <stdbool.h>

struct event_base;
struct tg_datapath;
struct tg_events;

/* Of @datapath, in which a policy is in force. 0 or -errno, logged. */
int tg_events_open(struct event_base *base, struct tg_datapath *datapath,
		   struct tg_events **events);

/*
 * {"events": [...], "next": N}: those kept that came after number @after, oldest first, at most
 * @n of them: the last ones with @last, else the first. Of @limit alone, unless it is NULL. "next"
 * is to be the next call's @after. NULL when out of memory.
 */
json_t *tg_events_report(const struct tg_events *events, const char *limit, json_int_t after,
			 size_t n, bool last);

void tg_events_close(struct tg_events **events); /* NULL-safe */

#endif
