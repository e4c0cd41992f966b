/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What TC has and XDP has not: the number of segments, VLAN tags in metadata, marks beside the
 * frame.
 */
#ifndef TG_TC_BPF_H
#define TG_TC_BPF_H

#include <linux/pkt_cls.h>
#include "mark.bpf.h"
#include "segments.bpf.h"

#define TG_TC_HEADERS	  2048 /* bytes to make readable if the first buffer is too short */
#define TG_DEPARTURES_MAX (60 * TG_NS_PER_S) /* ns ahead; fq drops beyond 10 s */
#define TG_VLAN_TAG	  4		     /* bytes on the wire */

static __always_inline bool tg_is_truncated(int reason)
{
	return reason == TG_REASON_TRUNCATED_ETHERNET || reason == TG_REASON_TRUNCATED_IPV4 ||
	       reason == TG_REASON_TRUNCATED_IPV6 || reason == TG_REASON_TRUNCATED_TRANSPORT;
}

/*
 * Returns how many packets this one is on the wire, by GSO or GRO. Without known headers the whole
 * frame is payload.
 */
static __always_inline __u32 tg_segments(struct __sk_buff *skb, __u32 headers)
{
	if (!skb->gso_size)
		return 1;
	/* A packet from a virtual machine has no count. */
	if (skb->gso_segs)
		return skb->gso_segs;
	return skb->len > headers ? tg_segments_of(skb->len - headers, skb->gso_size) : 1;
}

/*
 * Charges a packet of several segments as it is on the wire: each with its headers and the VLAN
 * tag of its metadata. `length` becomes that of one segment.
 */
static __always_inline void tg_count_segments(struct __sk_buff *skb, struct tg_packet *packet)
{
	__u32 headers = tg_frame_headers(packet), tag = packet->tags ? TG_VLAN_TAG : 0;

	packet->bytes += tag;
	tg_set_segments(packet, tg_segments(skb, headers), tag,
			headers - packet->network + skb->gso_size);
}

/* Parses the frame once. A global function, because it may be called twice. */
__noinline int tg_tc_parse_once(struct __sk_buff *skb, struct tg_packet *packet)
{
	__u8 hook;

	if (!packet)
		return TG_REASON_TRUNCATED_ETHERNET;
	hook = packet->hook;
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->hook = hook;
	packet->header = skb->cb[TG_TC_CB];
	packet->segments = tg_segments(skb, 0);
	packet->bytes = tg_frame_length(skb->len);
	packet->tags = skb->vlan_present ? 1 : 0;
	/* The parser reads the packet from memory, or it would be verified once for each value. */
	asm volatile("" ::: "memory");
	return tg_parse((void *)(long)skb->data, (void *)(long)skb->data_end, skb->protocol,
			packet);
}

/*
 * Parses the frame, and pulls the headers into the first buffer if they are not there, which is
 * rare and costs a copy.
 */
static __always_inline int tg_tc_parse(struct __sk_buff *skb, struct tg_packet *packet)
{
	int reason = tg_tc_parse_once(skb, packet);
	__u32 length = skb->len < TG_TC_HEADERS ? skb->len : TG_TC_HEADERS;

	if (tg_is_truncated(reason) && skb->data_end - skb->data < skb->len &&
	    !bpf_skb_pull_data(skb, length))
		reason = tg_tc_parse_once(skb, packet);
	tg_count_segments(skb, packet);
	return reason;
}

/*
 * Delays the packet until @departure, unless it leaves later already, as with TCP pacing. A time
 * that is very far ahead is not of the monotonic clock that fq uses, but the time of day of a
 * received packet: the kernel clears it on forwarding, and only then.
 */
static __always_inline void tg_tc_delay(struct __sk_buff *skb, __u64 departure)
{
	if (skb->tstamp < departure || skb->tstamp - departure > TG_DEPARTURES_MAX)
		skb->tstamp = departure;
}

static __always_inline void tg_tc_mark(struct __sk_buff *skb, enum tg_hook hook,
				       const struct tg_packet *packet, const struct tg_marks *marks)
{
	tg_mark_header(skb, hook, packet, marks);
	if (marks->flags & TG_MARK_FWMARK)
		skb->mark = marks->fwmark;
	if (marks->flags & TG_MARK_PRIORITY)
		skb->priority = marks->priority;
}

#endif
