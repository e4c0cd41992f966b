/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Receives the packet programs' events of packets above a limit, and keeps the last 4,096. */
#ifndef TG_DAEMON_EVENTS_H
#define TG_DAEMON_EVENTS_H

#include <jansson.h>
#include <stdbool.h>

struct event_base;
struct tg_datapath;
struct tg_events;

/*
 * Receives the events of @datapath, which must have a policy in force, in the loop of @base. Both
 * must outlive *@events, which the caller ends with tg_events_close(). Returns 0 or -errno, logged.
 */
int tg_events_open(struct event_base *base, struct tg_datapath *datapath,
		   struct tg_events **events);

/*
 * Returns {"events": [...], "next": N, "epoch": TEXT}, which the caller owns: events after number
 * @after (0: all that are kept), oldest first, of the limit named @limit (NULL: of all). At most @n
 * of them: the last ones with @last, else the first. The next call passes "next" as @after, and
 * "epoch" as @epoch: of a number that another daemon gave, all events are new. @epoch NULL: @after
 * is of another daemon only if it is beyond the last event. Returns NULL: out of memory.
 */
json_t *tg_events_report(const struct tg_events *events, const char *limit, const char *epoch,
			 json_int_t after, size_t n, bool last);

void tg_events_close(struct tg_events **events); /* NULL-safe; sets *events to NULL */

#endif
