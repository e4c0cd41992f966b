/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Goes back to earlier policies, by itself if a change is not confirmed in time. */
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

/* Returns 0, or -EALREADY with @errmsg (TG_ERRMSG_SIZE): an earlier change waits to be confirmed.
 */
int tg_history_may_change(const struct tg_daemon *daemon, char *errmsg);

/* Makes the last change wait: it is rolled back in @ns unless it is confirmed. @before: generation
 * of the policy before it. */
void tg_history_expect(struct tg_daemon *daemon, uint64_t ns, uint32_t before);

/* The same for a change of an earlier daemon, in force already. Takes *@before, the policy before
 * it, and sets it to NULL. */
void tg_history_resume(struct tg_daemon *daemon, struct tg_config **before, uint64_t ns);

/* Confirms the change that waits. Returns 0, or -ENOENT if none does. */
int tg_history_confirm(struct tg_daemon *daemon);

/* Told how a change has ended: by 0, or by -errno with @errmsg. */
typedef void tg_change_done(void *data, int error, const char *errmsg);

/* Puts the last policy of the history in force, then calls @done, for which @data is: -ENOENT if
 * the history is empty. */
void tg_history_rollback(struct tg_daemon *daemon, tg_change_done *done, void *data);

/* Returns the ns until the change that waits is rolled back; 0 if none waits. */
uint64_t tg_history_remaining(const struct tg_daemon *daemon);

#endif
