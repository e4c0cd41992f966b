/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How many descriptors the daemon may have. */
#ifndef TG_DAEMON_DESCRIPTORS_H
#define TG_DAEMON_DESCRIPTORS_H

/*
 * Raises the soft limit of open descriptors to the hard one, and logs a warning if that is too low
 * for as many interfaces and clients as tidegate allows.
 */
void tg_descriptors_raise(void);

#endif
