/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An Ethernet frame from a capture, for tg_program_run(). */
#ifndef TG_KERNEL_CAPTURED_FRAME_H
#define TG_KERNEL_CAPTURED_FRAME_H

#include <stdint.h>

/* Bytes that the kernel accepts for a test run; the most is what fits into its page. */
#define TG_FRAME_LEAST 14
#define TG_FRAME_MOST  3072

struct tg_frame {
	uint64_t time;	      /* ns since 1970 */
	const uint8_t *bytes; /* not owned */
	uint32_t captured;    /* bytes that the capture has */
	uint32_t length;      /* bytes on the wire, without FCS */
};

#endif
