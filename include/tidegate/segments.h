/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * How many packets on the wire one packet is that GSO or GRO has made of several, for BPF and host.
 */
#ifndef TIDEGATE_SEGMENTS_H
#define TIDEGATE_SEGMENTS_H

#include <linux/types.h>

/* The MTU of Ethernet. XDP takes no IP packet up to this length for several. */
#define TG_ETHERNET_MTU 1500

/* Returns how many segments carry @payload bytes, @size (not 0) in each but the last; 1 at least.
 */
static inline __u32 tg_segments_of(__u32 payload, __u32 size)
{
	return payload > size ? (payload - 1) / size + 1 : 1;
}

/*
 * Returns how many bytes of payload a segment has whose IP packet is @whole bytes long, of which
 * @headers are headers; 0 if there is no room for any.
 */
static inline __u32 tg_segment_payload(__u32 whole, __u32 headers)
{
	return whole > headers ? whole - headers : 0;
}

/*
 * Where this kernel keeps what XDP is not told of an sk_buff: offsets (bytes) of the members that
 * lead from a program's context to the number of segments. The daemon reads them from the kernel's
 * BTF.
 */
struct tg_gso_layout {
	__u32 is_known;			   /* 0: none of the others is */
	__u32 hard_start, rxq, frame_size; /* struct xdp_buff */
	__u32 device;			   /* struct xdp_rxq_info */
	__u32 queues;			   /* struct net_device: its receive queues */
	__u32 queue_rxq, queue_bytes;	   /* struct netdev_rx_queue, and its size */
	__u32 gso_size, gso_segs;	   /* struct skb_shared_info, */
	__u32 info_bytes;		   /* and its size, rounded up as the kernel does */
};

_Static_assert(sizeof(struct tg_gso_layout) == 44, "gso layout");

#endif
