/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's word when an interface appears, goes or gets another name. */
#ifndef TG_ATTACH_LINK_MONITOR_H
#define TG_ATTACH_LINK_MONITOR_H

struct event_base;
struct tg_link_monitor;

/* Calls @changed, soon and not more often than it must, after any such event. 0 or -errno, logged.
 */
int tg_link_monitor_open(struct event_base *base, void (*changed)(void *data), void *data,
			 struct tg_link_monitor **monitor);

void tg_link_monitor_close(struct tg_link_monitor **monitor); /* NULL-safe */

#endif
