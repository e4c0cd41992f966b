/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon does from start to stop: reloads, maintains the datapath in its loop, ends. */
#ifndef TG_DAEMON_LIFECYCLE_H
#define TG_DAEMON_LIFECYCLE_H

#include "daemon/daemon.h"

/*
 * Reads and checks the file at @path; the caller frees *@config. Returns 0, or -errno after saying
 * on stderr what is wrong: -EINVAL if the file is invalid, -EACCES if everybody may write it.
 */
int tg_daemon_load(const char *path, struct tg_config **config);

/* Reads the file again and puts it in force. On failure @errmsg (TG_ERRMSG_SIZE) says why and
 * nothing has changed; -EINVAL: the file is invalid. */
int tg_daemon_reload(struct tg_daemon *daemon, char *errmsg);

/* Ends the event loop. */
void tg_daemon_stop(struct tg_daemon *daemon, enum tg_ending ending);

/* Keeps the datapath up: once a second, and in slices between other work. Returns 0 or -errno,
 * logged. Stop them only after a successful start. */
int tg_daemon_start_timers(struct tg_daemon *daemon);
void tg_daemon_stop_timers(struct tg_daemon *daemon);

/* Attaches and detaches as interfaces come and go; @daemon is a struct tg_daemon. */
void tg_daemon_follow_interfaces(void *daemon);

/* After the event loop: leaves behind what daemon->ending says. Links and pins survive the daemon
 * by default, because taking them away is a decision. */
void tg_daemon_finish(struct tg_daemon *daemon);

#endif
