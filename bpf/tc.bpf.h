/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs at TC: packets that are several on the wire, tags in metadata, marks beside the
 * frame. */
#ifndef TG_TC_BPF_H
#define TG_TC_BPF_H

#include <linux/pkt_cls.h>
#include "mark.bpf.h"

#define TG_TC_HEADERS	  2048 /* bytes made readable when what is there at first does not do */
#define TG_DEPARTURES_MAX (60ULL * 1000000000) /* ns ahead; fq drops beyond 10 s unless told so */
#define TG_VLAN_TAG	  4		       /* bytes on the wire */

static __always_inline bool tg_is_truncated(int reason)
{
	return reason == TG_REASON_TRUNCATED_ETHERNET || reason == TG_REASON_TRUNCATED_IPV4 ||
	       reason == TG_REASON_TRUNCATED_IPV6 || reason == TG_REASON_TRUNCATED_TRANSPORT;
}

/*
 * What is several packets on the wire, by GSO or GRO. Until the headers are known, all of the
 * frame counts as payload.
 */
static __always_inline __u32 tg_segments(struct __sk_buff *skb, __u32 headers)
{
	if (!skb->gso_size)
		return 1;
	/* What a virtual machine sends leaves the count to others. */
	if (skb->gso_segs)
		return skb->gso_segs;
	return skb->len > headers ? (skb->len - headers + skb->gso_size - 1) / skb->gso_size : 1;
}

/*
 * Charged are the segments that the packet is, or was, on the wire, each with its headers, and
 * with the tag in its metadata; `length` is that of one.
 */
static __always_inline void tg_count_segments(struct __sk_buff *skb, struct tg_packet *packet)
{
	__u32 headers = packet->payload ? packet->payload : packet->transport;
	__u32 tag = packet->tags ? TG_VLAN_TAG : 0, length;

	packet->segments = tg_segments(skb, headers);
	packet->bytes += tag;
	if (packet->segments <= 1)
		return;
	packet->bytes += (packet->segments - 1) * (headers + tag);
	length = headers - packet->network + skb->gso_size;
	if (length < packet->length)
		packet->length = length;
}

/* A function of its own to the verifier, since it is tried twice. */
__noinline int tg_tc_parse_once(struct __sk_buff *skb, struct tg_packet *packet)
{
	__u8 hook;

	if (!packet)
		return TG_REASON_TRUNCATED_ETHERNET;
	hook = packet->hook;
	__builtin_memset(packet, 0, sizeof(*packet));
	packet->hook = hook;
	packet->segments = tg_segments(skb, 0);
	packet->bytes = tg_frame_length(skb->len);
	packet->tags = skb->vlan_present ? 1 : 0;
	return tg_parse((void *)(long)skb->data, (void *)(long)skb->data_end, packet);
}

/* Headers are seldom in the paged part, and pulling them costs a copy: only if need be. */
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
 * Has the packet leave at @departure, unless it is to leave later already, as TCP paces its
 * segments. A time so far ahead is none of the monotonic clock that fq compares it with, but the
 * time of day when the packet was received: the kernel clears that where it forwards, and no
 * other.
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
