/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps in a file what is needed to go back from a change that waits to be confirmed, so that the
 * daemon may die meanwhile. The file lies beside the control socket, with ".unconfirmed" behind its
 * name. It stays until the change is confirmed or the configuration is read again, so that no
 * restart puts a configuration in force that was not confirmed.
 */
#ifndef TG_DAEMON_UNCONFIRMED_H
#define TG_DAEMON_UNCONFIRMED_H

#include <stdint.h>

struct tg_config;
struct tg_daemon;

/*
 * Writes that daemon->config is to come back in @ns unless @applied, which is to come into force
 * now, is confirmed. Any thread. Returns 0, or -errno with @errmsg (TG_ERRMSG_SIZE).
 */
int tg_unconfirmed_write(const struct tg_daemon *daemon, const struct tg_config *applied,
			 uint64_t ns, char *errmsg);

/* Notes that it has come back. A failure is logged. Any thread. */
void tg_unconfirmed_went_back(const struct tg_daemon *daemon);

void tg_unconfirmed_forget(const struct tg_daemon *daemon);

/*
 * At the start, with *@config just read from the daemon's file: looks whether that is a change that
 * was not confirmed. If its time is over, puts the policy before into *@config instead, and frees
 * the other. If it has time left, returns the ns, and in *@before the policy to go back to, which
 * the caller frees. Otherwise returns 0. Logs what it does.
 */
uint64_t tg_unconfirmed_resume(const struct tg_daemon *daemon, struct tg_config **config,
			       struct tg_config **before);

#endif
