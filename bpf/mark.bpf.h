/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes the marks of limits to a packet that goes on. */
#ifndef TG_MARK_BPF_H
#define TG_MARK_BPF_H

#include "frame.bpf.h"
#include "verdict.bpf.h"

#define TG_DSCP_SHIFT 2 /* within the traffic class, RFC 2474 */

/* The marks of all limits together. */
struct tg_marks {
	__u8 flags; /* enum tg_mark_flags */
	__u8 traffic_class;
	__u32 fwmark, priority;
	__u8 dscp_rank, fwmark_rank, priority_rank; /* ranks of the limits that set them */
};

/* True if this limit sets the mark: of several, the last one in the configuration wins. */
static __always_inline bool tg_takes(const volatile struct tg_limit *limit, __u8 flag, __u8 *rank)
{
	if (!(limit->marks & flag) || limit->rank < *rank)
		return false;
	*rank = limit->rank;
	return true;
}

/*
 * Adds the marks of the limit in @slot. A global function, because the verifier of Linux 6.1 would
 * walk every path through 64 limits.
 */
__noinline int tg_add_marks(struct tg_marks *marks, __u32 slot)
{
	const volatile struct tg_limit *limit = tg_limit_of(slot);

	if (!marks)
		return 0;
	marks->flags |= limit->marks;
	if (tg_takes(limit, TG_MARK_DSCP, &marks->dscp_rank))
		marks->traffic_class =
			limit->dscp << TG_DSCP_SHIFT | (marks->traffic_class & TG_ECN_MASK);
	if (tg_takes(limit, TG_MARK_FWMARK, &marks->fwmark_rank))
		marks->fwmark = limit->fwmark;
	if (tg_takes(limit, TG_MARK_PRIORITY, &marks->priority_rank))
		marks->priority = limit->priority;
	return 0;
}

static __always_inline void tg_collect_marks(const struct tg_packet *packet, struct tg_marks *marks)
{
	__u64 left = packet->marks;
	int i;

	marks->traffic_class = packet->traffic_class;
	for (i = 0; i < TG_LIMITS_MAX && left; i++) {
		tg_add_marks(marks, tg_lowest(left));
		left &= left - 1;
	}
	if ((marks->flags & TG_MARK_ECN) && (marks->traffic_class & TG_ECN_MASK))
		marks->traffic_class |= TG_ECN_MASK;
}

/* Updates the checksum of IPv4 for a change of the TOS byte (RFC 1624, equation 3). */
static __always_inline __u16 tg_update_checksum(__u16 checksum, __u8 from, __u8 to)
{
	__u32 sum = (__u16)~bpf_ntohs(checksum) + (__u16) ~(__u16)from + to;

	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return bpf_htons(~sum);
}

static __always_inline void tg_mark_ipv4(void *ctx, enum tg_hook hook, __u32 offset, __u8 to)
{
	struct iphdr ip;
	__u8 from;

	if (tg_frame_load(ctx, hook, offset, &ip, sizeof(ip)))
		return;
	from = ip.tos;
	ip.check = tg_update_checksum(ip.check, from, to);
	ip.tos = to;
	tg_frame_store(ctx, hook, offset, &ip, offsetof(struct iphdr, check) + sizeof(ip.check));
}

static __always_inline void tg_mark_ipv6(void *ctx, enum tg_hook hook, __u32 offset, __u8 to)
{
	__u8 bytes[2];

	if (tg_frame_load(ctx, hook, offset, bytes, sizeof(bytes)))
		return;
	bytes[0] = (bytes[0] & 0xf0) | to >> 4;
	bytes[1] = (bytes[1] & 0x0f) | to << 4;
	tg_frame_store(ctx, hook, offset, bytes, sizeof(bytes));
}

static __always_inline void tg_mark_header(void *ctx, enum tg_hook hook,
					   const struct tg_packet *packet,
					   const struct tg_marks *marks)
{
	if (marks->traffic_class == packet->traffic_class)
		return;
	if (packet->is_ipv4)
		tg_mark_ipv4(ctx, hook, packet->network, marks->traffic_class);
	else
		tg_mark_ipv6(ctx, hook, packet->network, marks->traffic_class);
}

#endif
