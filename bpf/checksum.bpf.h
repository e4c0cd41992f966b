/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checksums: of packets, which must be right before they are answered, and of the answers. */
#ifndef TG_CHECKSUM_BPF_H
#define TG_CHECKSUM_BPF_H

#include "frame.bpf.h"
#include "maps.bpf.h"
#include "parse.bpf.h"

#define TG_SUMMED_MAX 16384 /* bytes of a packet; longer ones are not answered */
#define TG_SUM_RIGHT  0xffff

/* Folds a sum into one's complement 16 bits. */
static __always_inline __u16 tg_fold(__s64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32 & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

/*
 * Sums the pseudo header (RFC 9293 section 3.1, RFC 8200 section 8.1), in either direction. A
 * mapped address adds 0xffff to what the IPv4 address adds, and 0xffff is 0 in this arithmetic.
 */
static __always_inline __u16 tg_pseudo_sum(const struct tg_packet *packet, __u8 protocol,
					   __u32 length)
{
	__be32 rest[2] = {bpf_htonl(length), bpf_htonl(protocol)};
	__s64 sum = bpf_csum_diff(NULL, 0, (__be32 *)&packet->source, sizeof(packet->source), 0);

	sum = bpf_csum_diff(NULL, 0, (__be32 *)&packet->destination, sizeof(packet->destination),
			    sum);
	return tg_fold(bpf_csum_diff(NULL, 0, rest, sizeof(rest), sum));
}

/*
 * Returns @n, from 1 to TG_ANSWER_DATA, bounded by a mask. The verifiers of Linux 6.1 and 6.12
 * forget what comparisons have shown, but not masks.
 */
static __always_inline __u64 tg_bounded(__u64 n)
{
	n--;
	asm volatile("" : "+r"(n));
	return (n & (TG_ANSWER_DATA - 1)) + 1;
}

/* Sums the first @n bytes of an answer's data. The bytes up to the next word must be 0. */
static __always_inline __u16 tg_data_sum(struct tg_answer *answer, __u64 n, __u16 sum)
{
	n = tg_bounded(n);
	return tg_fold(bpf_csum_diff(NULL, 0, (__be32 *)answer->data, (n + 3) & ~3ULL, sum));
}

/*
 * Copies @n bytes of the frame to @at in an answer's data, and zeros behind them. 0, or below 0.
 */
static __always_inline long tg_answer_copy(void *ctx, enum tg_hook hook, __u32 offset,
					   struct tg_answer *answer, __u32 at, __u64 n)
{
	if (n < 1 || n > TG_ANSWER_DATA)
		return -1;
	n = tg_bounded(n);
	answer->data[at + n] = answer->data[at + n + 1] = answer->data[at + n + 2] = 0;
	return tg_frame_load(ctx, hook, offset, answer->data + at, n);
}

static __always_inline struct tg_answer *tg_answer_at(__u32 number)
{
	struct tg_answer_memory *memory = bpf_map_lookup_elem(&answer_memory, &number);

	return memory ? &memory->answer : NULL;
}

/*
 * Adds @length bytes of the frame to @sum, by way of an answer's memory. Returns 0, which no sum
 * is, if there are fewer.
 */
static __always_inline __u16 tg_sum_chunks(void *ctx, enum tg_hook hook, __u32 offset, __u32 length,
					   __u16 sum, __u32 memory)
{
	struct tg_answer *answer = tg_answer_at(memory);
	__u32 n, i;

	if (!answer)
		return 0;
	for (i = 0; i < TG_SUMMED_MAX / TG_ANSWER_DATA && length; i++) {
		n = length < TG_ANSWER_DATA ? length : TG_ANSWER_DATA;
		if (tg_answer_copy(ctx, hook, offset, answer, 0, n))
			return 0;
		sum = tg_data_sum(answer, n, sum);
		offset += n;
		length -= n;
	}
	return length ? 0 : sum;
}

/* Global functions, so that the verifier walks the loop once for each hook. */
__noinline int tg_xdp_sum(struct xdp_md *ctx, __u32 offset, __u32 length, __u32 sum, __u32 memory)
{
	return tg_sum_chunks(ctx, TG_HOOK_XDP, offset, length, sum, memory);
}

__noinline int tg_tc_sum(struct __sk_buff *skb, __u32 offset, __u32 length, __u32 sum, __u32 memory)
{
	return tg_sum_chunks(skb, TG_HOOK_TC_INGRESS, offset, length, sum, memory);
}

static __always_inline __u16 tg_frame_sum(void *ctx, enum tg_hook hook, __u32 offset, __u32 length,
					  __u16 sum, __u32 memory)
{
	return hook == TG_HOOK_XDP ? tg_xdp_sum(ctx, offset, length, sum, memory)
				   : tg_tc_sum(ctx, offset, length, sum, memory);
}

enum tg_checksums {
	TG_SUMS_WRONG,
	TG_SUMS_RIGHT,
	TG_SUMS_PENDING, /* a local sender left all but the pseudo header's sum to hardware */
};

static __always_inline enum tg_checksums tg_transport_sum(void *ctx, enum tg_hook hook,
							  const struct tg_packet *packet)
{
	__u32 length = packet->length - (packet->transport - packet->network);
	__u8 protocol = packet->protocol;
	__u16 check, pseudo = 0;
	__u32 at = protocol == IPPROTO_TCP   ? offsetof(struct tcphdr, check)
		   : protocol == IPPROTO_UDP ? offsetof(struct udphdr, check)
					     : offsetof(struct icmp6hdr, icmp6_cksum);

	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP && protocol != IPPROTO_ICMP &&
	    protocol != IPPROTO_ICMPV6)
		return TG_SUMS_RIGHT; /* no checksum, or one of another kind */
	if (tg_frame_load(ctx, hook, packet->transport + at, &check, sizeof(check)))
		return TG_SUMS_WRONG;
	if (protocol == IPPROTO_UDP && !check)
		return packet->is_ipv4 ? TG_SUMS_RIGHT : TG_SUMS_WRONG;
	if (protocol != IPPROTO_ICMP)
		pseudo = tg_pseudo_sum(packet, protocol, length);
	if (tg_frame_sum(ctx, hook, packet->transport, length, pseudo, packet->answer) ==
	    TG_SUM_RIGHT)
		return TG_SUMS_RIGHT;
	if (protocol != IPPROTO_TCP && protocol != IPPROTO_UDP)
		return TG_SUMS_WRONG;
	return check == pseudo ? TG_SUMS_PENDING : TG_SUMS_WRONG;
}

/* Checks the sums of the packet. Overwrites the answer's memory. */
static __always_inline enum tg_checksums tg_checksums_of(void *ctx, enum tg_hook hook,
							 const struct tg_packet *packet)
{
	__u32 headers = packet->transport - packet->network;

	if (virtual_clock && virtual_length)
		return TG_SUMS_RIGHT; /* a recorded frame may be cut short, so its sum says nothing
				       */
	if (packet->is_ipv4 &&
	    tg_frame_sum(ctx, hook, packet->network, headers, 0, packet->answer) != TG_SUM_RIGHT)
		return TG_SUMS_WRONG;
	return tg_transport_sum(ctx, hook, packet);
}

#endif
