/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Maintains the datapath in the event loop, and stops. */
#ifndef TG_DAEMON_LIFECYCLE_H
#define TG_DAEMON_LIFECYCLE_H

#include "daemon/daemon.h"

/* Ends the event loop, and sets what tg_daemon_finish() is to leave. */
void tg_daemon_stop(struct tg_daemon *daemon, enum tg_ending ending);

/*
 * Start and stop the timers that maintain the datapath, once a second and in slices between other
 * work. Start returns 0 or -errno, logged. Stop them only after a successful start.
 */
int tg_daemon_start_timers(struct tg_daemon *daemon);
void tg_daemon_stop_timers(struct tg_daemon *daemon);

/* Attaches to interfaces that appeared, detaches from those gone. @daemon is a struct tg_daemon. */
void tg_daemon_follow_interfaces(void *daemon);

/* Detaches after the event loop, as far as daemon->ending says. Logs what it did. */
void tg_daemon_finish(struct tg_daemon *daemon);

#endif
