/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Receives what comes in at an interface, with what the kernel says of each packet: how GRO has
 * merged it, which libpcap does not tell, and its VLAN tag, which is put back.
 */
#ifndef TG_REPLAY_LIVE_H
#define TG_REPLAY_LIVE_H

#include "base/errmsg.h"
#include "kernel/captured_frame.h"

struct tg_live;

/*
 * Starts to receive at @interface. @filter: a libpcap expression, or NULL for all packets. The
 * caller ends *@live with tg_live_close(). Returns 0, or -errno with @errmsg (TG_ERRMSG_SIZE):
 * -EPERM without privilege, -ENODEV without the interface, -EINVAL if libpcap does not accept the
 * filter.
 */
int tg_live_open(const char *interface, const char *filter, struct tg_live **live, char *errmsg);

/*
 * Fills *@frame with the next frame, whose bytes are valid until the next call. Returns 1; 0 if
 * none has come within @ms; or -EIO with @errmsg, as when the interface goes down.
 */
int tg_live_next(struct tg_live *live, int ms, struct tg_frame *frame, char *errmsg);

/* Returns the packets that the kernel had no room for, or could not describe. */
uint64_t tg_live_lost(struct tg_live *live);

void tg_live_close(struct tg_live **live); /* NULL-safe; sets *live to NULL */

#endif
