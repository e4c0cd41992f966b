/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that are several on the wire, by GSO or GRO. TC is told their number. XDP is not, and
 * sees such packets only where the kernel runs it on an sk_buff: in generic mode, and at a tap
 * device for what is longer than a page. There the number is read from the sk_buff. Where that is
 * not possible, a packet longer than the MTU of its interface counts as the fewest packets that it
 * can be.
 */
#ifndef TG_SEGMENTS_BPF_H
#define TG_SEGMENTS_BPF_H

#include <tidegate/segments.h>
#include "frame.bpf.h"
#include "maps.bpf.h"
#include "parse.bpf.h"

/* Unless it is known, the verifier removes what uses it. */
TG_SETTING struct tg_gso_layout gso_layout = {};

/* Returns the bytes of the frame's headers; those that are not known are payload. */
static __always_inline __u32 tg_frame_headers(const struct tg_packet *packet)
{
	return packet->payload ? packet->payload : packet->transport;
}

/*
 * Charges the packet as @segments packets, each with all its headers and @tag bytes more, whose IP
 * packet is @length bytes long.
 */
static __always_inline void tg_set_segments(struct tg_packet *packet, __u32 segments, __u32 tag,
					    __u32 length)
{
	packet->segments = segments;
	if (segments <= 1)
		return;
	packet->bytes += (segments - 1) * (tg_frame_headers(packet) + tag);
	if (length < packet->length)
		packet->length = length;
}

/* What the kernel has cut up, or will: bytes of payload in a segment (0: nothing), and how many. */
struct tg_gso {
	__u16 size;
	__u16 segments; /* 0: not counted */
};

static __always_inline __u64 tg_kernel_word(__u64 address)
{
	__u64 word = 0;

	bpf_probe_read_kernel(&word, sizeof(word), (const void *)address);
	return word;
}

/*
 * Returns the address of the sk_buff's struct skb_shared_info, or 0 if there is no sk_buff: only
 * generic XDP names the interface's own receive queue. The context is a struct xdp_buff, and the
 * information stands at its end.
 */
static __always_inline __u64 tg_xdp_shared_info(struct xdp_md *ctx)
{
	const volatile struct tg_gso_layout *at = &gso_layout;
	__u64 rxq = 0, start = 0, queues;
	__u32 bytes = 0;

	bpf_probe_read_kernel(&rxq, sizeof(rxq), (void *)ctx + at->rxq);
	queues = tg_kernel_word(tg_kernel_word(rxq + at->device) + at->queues);
	if (rxq != queues + (__u64)ctx->rx_queue_index * at->queue_bytes + at->queue_rxq)
		return 0;
	bpf_probe_read_kernel(&start, sizeof(start), (void *)ctx + at->hard_start);
	bpf_probe_read_kernel(&bytes, sizeof(bytes), (void *)ctx + at->frame_size);
	return start + bytes - at->info_bytes;
}

/* Reads what the kernel has cut up. All 0 if that is not known. */
static __always_inline void tg_xdp_gso(struct xdp_md *ctx, struct tg_gso *gso)
{
	__u64 info;

	if (virtual_clock || !gso_layout.is_known)
		return;
	info = tg_xdp_shared_info(ctx);
	if (!info)
		return;
	bpf_probe_read_kernel(&gso->size, sizeof(gso->size), (void *)info + gso_layout.gso_size);
	bpf_probe_read_kernel(&gso->segments, sizeof(gso->segments),
			      (void *)info + gso_layout.gso_segs);
}

/* Returns the MTU that the interface has now, or 0 if it is not known. */
static __always_inline __u32 tg_xdp_mtu(struct xdp_md *ctx)
{
	__u32 mtu = 0;

	if (virtual_clock)
		return *(volatile __u32 *)&virtual_mtu;
	return bpf_check_mtu(ctx, 0, &mtu, 0, 0) < 0 ? 0 : mtu;
}

/*
 * Counts the segments of a packet that XDP has parsed. A global function, so that the verifier does
 * not walk it for each path through the parser.
 */
__noinline int tg_xdp_count_segments(struct xdp_md *ctx, struct tg_packet *packet)
{
	__u32 headers, length, size, mtu;
	struct tg_gso gso = {};

	if (!packet)
		return 0;
	packet->segments = 1;
	headers = tg_frame_headers(packet) - packet->network;
	length = packet->bytes - packet->network;
	if (packet->length <= TG_ETHERNET_MTU || length <= headers)
		return 0;
	tg_xdp_gso(ctx, &gso);
	size = gso.size;
	if (!size) {
		mtu = tg_xdp_mtu(ctx);
		if (length > mtu)
			size = tg_segment_payload(mtu, headers);
	}
	if (size)
		tg_set_segments(packet,
				gso.segments ? gso.segments
					     : tg_segments_of(length - headers, size),
				0, headers + size);
	return 0;
}

#endif
