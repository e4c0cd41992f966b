/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An Ethernet frame from a capture, for tg_program_run(). */
#ifndef TG_KERNEL_CAPTURED_FRAME_H
#define TG_KERNEL_CAPTURED_FRAME_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes that the kernel accepts for a test run; the most is what fits into its page. */
#define TG_FRAME_LEAST 14
#define TG_FRAME_MOST  3072

struct tg_frame {
	uint64_t time;	       /* ns since 1970 */
	const uint8_t *bytes;  /* not owned */
	uint32_t captured;     /* bytes that the capture has */
	uint32_t length;       /* bytes without FCS; on the wire, unless GSO or GRO has merged it */
	bool tells_segments;   /* segment_size is known */
	uint32_t segment_size; /* bytes of payload in a segment; 0: it was one packet */
	uint32_t segments;     /* for a run at TC: how many it was; 0: one */
};

#endif
