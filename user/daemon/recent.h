/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shares one reading of the counters between all readers of HTTP, however many ask. */
#ifndef TG_DAEMON_RECENT_H
#define TG_DAEMON_RECENT_H

struct tg_daemon;
struct tg_stats;

#define TG_RECENT_MS 250

/*
 * Returns statistics that are at most TG_RECENT_MS old, the daemon's own and valid until the next
 * call; NULL if the maps cannot be read, which is remembered as long. Each reading has a number,
 * daemon->recent.number, so that a text made of one can be kept until the next.
 */
const struct tg_stats *tg_recent_stats(struct tg_daemon *daemon);

/* Frees what is kept: to be called at the end, and when another configuration is in force. */
void tg_recent_drop(struct tg_daemon *daemon);

#endif
