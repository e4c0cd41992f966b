/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Undoes what GRO or GSO has done to a captured frame: gives the frames that were on the wire.
 * Unless the capture tells the size of a segment, an IP packet longer than the MTU was several, all
 * but the last of them as long as the longest one that came by itself. With segments that were
 * shorter than those, there were more than is estimated.
 */
#ifndef TG_REPLAY_MERGED_H
#define TG_REPLAY_MERGED_H

#include <stdbool.h>
#include <stdint.h>

#include "kernel/captured_frame.h"

/* The least MTU that counts as one of a network (RFC 8200): shorter packets say nothing of it. */
#define TG_MTU_LEAST 1280

/* Offsets in a frame, and the length of its IP packet in bytes. */
struct tg_merged_shape {
	uint32_t network, transport, payload, whole;
	uint8_t protocol;
	bool is_ipv4;
};

/* Starts all zero but for mtu and keep_whole. */
struct tg_merged {
	uint32_t mtu;		   /* of the network; packets up to it were one */
	bool keep_whole;	   /* give the frame as it is, and its segments as their number */
	uint64_t frames, segments; /* frames that were several, and those: so far */
	bool estimated;		   /* for one at least the capture did not tell the size */
	uint32_t longest;	   /* IP packet from TG_MTU_LEAST to mtu that came by itself */
	const struct tg_frame *frame;
	struct tg_merged_shape shape;
	uint32_t n, next, size; /* segments of this frame; payload of each but the last */
	struct tg_frame made;
	uint8_t bytes[TG_FRAME_MOST];
};

/* Takes a frame, which must stay valid until tg_merged_next() returned NULL for it. */
void tg_merged_take(struct tg_merged *merged, const struct tg_frame *frame);

/* Returns the next frame that was on the wire, valid until the next call; NULL: no more. */
const struct tg_frame *tg_merged_next(struct tg_merged *merged);

/* Returns the length in bytes of the IP packets that a longer one is taken to be made of. */
uint32_t tg_merged_length(const struct tg_merged *merged);

#endif
