/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Frames from a capture file (pcap or pcapng) or from an interface, by libpcap. Raw IP and
 * Linux cooked captures get an Ethernet header, so that whoever reads frames sees only these.
 */
#ifndef TG_REPLAY_CAPTURE_H
#define TG_REPLAY_CAPTURE_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/captured_frame.h"
#include "base/errmsg.h"

struct tg_capture;

/*
 * @path may be "-" for standard input. @filter: a libpcap expression, or NULL for all packets.
 * 0 or -errno with @errmsg (TG_ERRMSG_SIZE); -EINVAL for a filter that libpcap does not take.
 */
int tg_capture_open(const char *path, const char *filter, struct tg_capture **capture,
		    char *errmsg);

/*
 * Captures what comes in at @interface (NULL: the first that libpcap finds) for @ns. -EPERM: no
 * privilege; -ENODEV: no such interface.
 */
int tg_capture_open_live(const char *interface, const char *filter, uint64_t ns,
			 struct tg_capture **capture, char *errmsg);

/* What is captured from: a path, or an interface's name. */
const char *tg_capture_name(const struct tg_capture *capture);

/*
 * 1 with the next frame, whose bytes are valid until the next call; 0 at the end; -errno with
 * @errmsg where the file is broken. SIGINT and SIGTERM are an end, too.
 */
int tg_capture_next(struct tg_capture *capture, struct tg_frame *frame, char *errmsg);

/* A signal has ended the last one early. */
bool tg_capture_interrupted(void);

/* How much of it is read, 0 to 1; negative if that cannot be said. */
double tg_capture_share(const struct tg_capture *capture);

/* Packets that the kernel had no room for; 0 for a file. */
uint64_t tg_capture_lost(const struct tg_capture *capture);

void tg_capture_close(struct tg_capture **capture); /* NULL-safe */

#endif
