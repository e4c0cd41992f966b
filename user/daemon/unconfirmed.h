/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps in a file what is needed to go back from a change that waits to be confirmed, so that the
 * daemon may die meanwhile. The file is "unconfirmed" in the directory that STATE_DIRECTORY of
 * systemd names, else it lies beside the control socket, with ".unconfirmed" behind its name. A
 * change stays in it until it is confirmed or the configuration is read again, so that no restart
 * puts a configuration in force that was not confirmed. Only a daemon that has the lock of the
 * state directory and the control socket uses the file.
 */
#ifndef TG_DAEMON_UNCONFIRMED_H
#define TG_DAEMON_UNCONFIRMED_H

#include <stdint.h>

struct json_t;
struct tg_config;
struct tg_daemon;

/*
 * Writes that daemon->config is to come back in @ns unless @applied, which is to come into force
 * now, is confirmed. *@earlier gets what tg_unconfirmed_restore() needs. Any thread. Returns 0, or
 * -errno with @errmsg (TG_ERRMSG_SIZE): also if what was not confirmed before cannot be read.
 */
int tg_unconfirmed_write(const struct tg_daemon *daemon, const struct tg_config *applied,
			 uint64_t ns, struct json_t **earlier, char *errmsg);

/*
 * Undoes tg_unconfirmed_write(), because @applied did not come into force. Takes the reference to
 * @earlier; NULL: there was none.
 */
void tg_unconfirmed_restore(const struct tg_daemon *daemon, struct json_t *earlier);

/*
 * Notes that the policy has gone back, and that daemon->config is to be in force instead of what
 * was not confirmed. A failure is logged. Any thread.
 */
void tg_unconfirmed_went_back(const struct tg_daemon *daemon);

/* Notes that what is in force is confirmed, or was applied without a need to be. */
void tg_unconfirmed_settle(struct tg_daemon *daemon);

/* Notes that the daemon's file is in force as it is. */
void tg_unconfirmed_forget(struct tg_daemon *daemon);

/*
 * At the start, with daemon->config just read from the daemon's file: looks whether that is a
 * change that was not confirmed. If its time is over, puts the policy before into daemon->config
 * instead. If it has time left, returns the ns, and in *@before the policy to go back to, which the
 * caller frees. Otherwise returns 0. Logs what it does; daemon->unconfirmed says if it is not
 * known.
 */
uint64_t tg_unconfirmed_resume(struct tg_daemon *daemon, struct tg_config **before);

#endif
