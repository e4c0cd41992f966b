/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policies before the one in force, to go back to; and the change that goes back by itself
 * unless it is confirmed in time.
 */
#ifndef TG_DAEMON_HISTORY_H
#define TG_DAEMON_HISTORY_H

#include <stdint.h>

struct event_base;
struct tg_config;
struct tg_daemon;

/* 0 or -errno. */
int tg_history_open(struct tg_daemon *daemon, struct event_base *base);
void tg_history_close(struct tg_daemon *daemon);

/*
 * Puts *@config in force and takes it over; what was in force goes into the history. On failure
 * it stays the caller's, and @errmsg (TG_ERRMSG_SIZE) says why: -EALREADY when an earlier
 * change waits to be confirmed.
 */
int tg_history_change(struct tg_daemon *daemon, struct tg_config **config, char *errmsg);

/* After a change: it goes back in @ns unless it is confirmed. */
void tg_history_expect(struct tg_daemon *daemon, uint64_t ns, uint32_t before);

/* 0, or -ENOENT when nothing waits. */
int tg_history_confirm(struct tg_daemon *daemon);

/* Back by one, which is then gone from the history. -ENOENT when there is none. */
int tg_history_rollback(struct tg_daemon *daemon, char *errmsg);

/* ns until the change that waits goes back; 0 when none waits. */
uint64_t tg_history_remaining(const struct tg_daemon *daemon);

#endif
