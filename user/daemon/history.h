/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes the policy and keeps the last TG_HISTORY_MAX for a rollback. Rolls a change back by
 * itself if it is not confirmed in time.
 */
#ifndef TG_DAEMON_HISTORY_H
#define TG_DAEMON_HISTORY_H

#include <stdint.h>

struct event_base;
struct tg_config;
struct tg_daemon;

/* Makes the timer of commit-confirm in the loop of @base. Returns 0 or -errno, logged. */
int tg_history_open(struct tg_daemon *daemon, struct event_base *base);

/* Frees the timer and all earlier policies. */
void tg_history_close(struct tg_daemon *daemon);

/*
 * Puts *@config in force, takes it over and sets it to NULL. The policy before goes into the
 * history. Returns 0, or -errno with @errmsg (TG_ERRMSG_SIZE); then *@config stays the caller's,
 * and the policy in force stays. -EALREADY: an earlier change waits to be confirmed; others as
 * tg_datapath_publish().
 */
int tg_history_change(struct tg_daemon *daemon, struct tg_config **config, char *errmsg);

/* Makes the last change wait: it is rolled back in @ns unless it is confirmed. @before: generation
 * of the policy before it. */
void tg_history_expect(struct tg_daemon *daemon, uint64_t ns, uint32_t before);

/* Confirms the change that waits. Returns 0, or -ENOENT if none does. */
int tg_history_confirm(struct tg_daemon *daemon);

/* Puts the last policy of the history in force and takes it out of there. A change that waits
 * counts as answered. Returns 0, or -errno with @errmsg (TG_ERRMSG_SIZE); -ENOENT: the history is
 * empty. */
int tg_history_rollback(struct tg_daemon *daemon, char *errmsg);

/* Returns the ns until the change that waits is rolled back; 0 if none waits. */
uint64_t tg_history_remaining(const struct tg_daemon *daemon);

#endif
