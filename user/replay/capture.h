/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads frames from a capture file (pcap or pcapng, by libpcap) or from an interface. Frames of raw
 * IP and Linux cooked captures get an Ethernet header, so that all frames have one.
 */
#ifndef TG_REPLAY_CAPTURE_H
#define TG_REPLAY_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/captured_frame.h"
#include "base/errmsg.h"

struct tg_capture;

/*
 * Opens the capture file at @path ("-": standard input) and catches SIGINT and SIGTERM. @filter: a
 * libpcap expression, or NULL for all packets. The caller ends *@capture with tg_capture_close().
 * Returns 0, or -errno with @errmsg (TG_ERRMSG_SIZE). -EBADMSG: it is no capture; -EOPNOTSUPP: a
 * link type other than the above; -EINVAL: libpcap does not accept the filter.
 */
int tg_capture_open(const char *path, const char *filter, struct tg_capture **capture,
		    char *errmsg);

/*
 * Starts to capture what comes in at @interface (NULL: the first that libpcap finds), until @ns
 * (ns) after the first call of tg_capture_next(). Otherwise as tg_capture_open(). -EPERM: no
 * privilege; -ENODEV: no such interface.
 */
int tg_capture_open_live(const char *interface, const char *filter, uint64_t ns,
			 struct tg_capture **capture, char *errmsg);

/* Returns the path or the name of the interface, valid as long as @capture. */
const char *tg_capture_name(const struct tg_capture *capture);

/*
 * Fills *@frame with the next frame, whose bytes are valid until the next call; waits for one on an
 * interface. Returns 1; 0 at the end of the file or of the time, or after SIGINT or SIGTERM; or
 * -EIO with @errmsg if libpcap cannot read on.
 */
int tg_capture_next(struct tg_capture *capture, struct tg_frame *frame, char *errmsg);

/* True if SIGINT or SIGTERM came since the last open. */
bool tg_capture_interrupted(void);

/* Returns the share done, 0 to 1: of the file's bytes or of the time. Negative: not known. */
double tg_capture_share(const struct tg_capture *capture);

/* Returns the packets that the kernel had no room for; 0 for a file. */
uint64_t tg_capture_lost(const struct tg_capture *capture);

void tg_capture_close(struct tg_capture **capture); /* NULL-safe; sets *capture to NULL */

#endif
