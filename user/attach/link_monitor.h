/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Calls back when the kernel says that an interface appeared, went or changed, its name included.
 */
#ifndef TG_ATTACH_LINK_MONITOR_H
#define TG_ATTACH_LINK_MONITOR_H

struct event_base;
struct tg_link_monitor;

/*
 * Subscribes to rtnetlink's link messages. Calls @changed 20 ms after the first message, once for
 * all that came until then; it is not told what changed. @base must outlive the monitor. Returns 0
 * or -errno, logged.
 */
int tg_link_monitor_open(struct event_base *base, void (*changed)(void *data), void *data,
			 struct tg_link_monitor **monitor);

void tg_link_monitor_close(struct tg_link_monitor **monitor); /* NULL-safe; sets NULL */

#endif
