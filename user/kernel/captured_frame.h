/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An Ethernet frame as a capture has it. */
#ifndef TG_KERNEL_CAPTURED_FRAME_H
#define TG_KERNEL_CAPTURED_FRAME_H

#include <stdint.h>

#define TG_FRAME_LEAST 14   /* bytes that the kernel runs a packet program on */
#define TG_FRAME_MOST  3072 /* likewise: what fits into one page beside its own needs */

struct tg_frame {
	uint64_t time; /* ns since 1970 */
	const uint8_t *bytes;
	uint32_t captured; /* bytes that are there */
	uint32_t length;   /* bytes on the wire, without FCS */
};

#endif
