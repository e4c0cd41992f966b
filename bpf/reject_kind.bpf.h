/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decides whether a refused packet gets an answer, and which. */
#ifndef TG_REJECT_KIND_BPF_H
#define TG_REJECT_KIND_BPF_H

#include "frame.bpf.h"
#include "maps.bpf.h"
#include "parse.bpf.h"

#define TG_ICMP_ECHO 8 /* RFC 792 */
#define TG_TCP_RST   4
#define TG_DNS_PORT  53

struct tg_dns_header {
	__be16 id;
	__u8 flags; /* QR, OPCODE (4 bits), AA, TC, RD */
	__u8 rcode; /* RA, Z (3 bits), RCODE */
	__be16 questions, answers, authorities, additionals;
};

#define TG_DNS_QR     0x80
#define TG_DNS_OPCODE 0x78

struct tg_dns_message {
	struct udphdr udp;
	struct tg_dns_header dns;
};

enum tg_answer_kind { TG_ANSWER_NONE, TG_ANSWER_RESET, TG_ANSWER_DNS, TG_ANSWER_ERROR };

#define TG_ANSWER_PENDING                                                                          \
	8 /* flag beside the kind: the checksum is pending, see enum tg_checksums */

/* Bytes of the IP packet before the transport header, and from it on. */
static __always_inline __u32 tg_headers_length(const struct tg_packet *packet)
{
	return packet->transport - packet->network;
}

static __always_inline __u32 tg_data_length(const struct tg_packet *packet)
{
	return packet->length - tg_headers_length(packet);
}

/*
 * True for the address of one host: not multicast, broadcast, loopback or unspecified (RFC 1122
 * section 3.2.2, RFC 4443 section 2.4).
 */
static __always_inline bool tg_is_unicast(const struct tg_address *address, bool is_ipv4)
{
	__u64 low = bpf_be64_to_cpu(address->low), high = bpf_be64_to_cpu(address->high);
	__u32 first = low >> 24 & 0xff;

	if (is_ipv4)
		return first != 0 && first != 127 && first < 224;
	return (high || low > 1) && high >> 56 != 0xff;
}

/*
 * True if the frame goes from one host to one host. Only the link layer knows a broadcast to a
 * subnet; without a header of its own it has none.
 */
static __always_inline bool tg_is_to_one(void *ctx, enum tg_hook hook,
					 const struct tg_packet *packet)
{
	struct ethhdr ethernet;

	if (packet->header == TG_HEADER_NONE)
		return true;
	return !tg_frame_load(ctx, hook, 0, &ethernet, sizeof(ethernet)) &&
	       !(ethernet.h_dest[0] & 1) && !(ethernet.h_source[0] & 1);
}

static __always_inline bool tg_may_answer(const struct tg_packet *packet)
{
	return packet->fragment == TG_FRAGMENT_NONE && packet->segments == 1 && packet->transport &&
	       !packet->one_way && tg_is_unicast(&packet->source, packet->is_ipv4) &&
	       tg_is_unicast(&packet->destination, packet->is_ipv4);
}

static __always_inline enum tg_answer_kind tg_dns_kind(const struct tg_packet *packet,
						       const struct tg_dns_header *dns)
{
	if (dns->flags & TG_DNS_QR)
		return TG_ANSWER_NONE; /* an answer already, perhaps ours */
	if (packet->destination_port != bpf_htons(TG_DNS_PORT) ||
	    tg_data_length(packet) > TG_ANSWER_DATA || (dns->flags & TG_DNS_OPCODE) ||
	    dns->questions != bpf_htons(1) || dns->answers || dns->authorities)
		return TG_ANSWER_ERROR;
	return TG_ANSWER_DNS;
}

static __always_inline enum tg_answer_kind tg_udp_kind(void *ctx, enum tg_hook hook,
						       const struct tg_packet *packet)
{
	struct tg_dns_message message = {};

	if (tg_frame_load(ctx, hook, packet->transport, &message.udp, sizeof(message.udp)) ||
	    bpf_ntohs(message.udp.len) != tg_data_length(packet) || !packet->source_port)
		return TG_ANSWER_NONE;
	if (packet->destination_port != bpf_htons(TG_DNS_PORT) &&
	    packet->source_port != bpf_htons(TG_DNS_PORT))
		return TG_ANSWER_ERROR;
	if (tg_data_length(packet) < sizeof(message) ||
	    tg_frame_load(ctx, hook, packet->transport, &message, sizeof(message)))
		return TG_ANSWER_ERROR;
	return tg_dns_kind(packet, &message.dns);
}

/*
 * Returns the kind of answer. An ICMP error is never sent about an error, and of ICMP only an echo
 * request is answered.
 */
static __always_inline enum tg_answer_kind tg_choose_answer(void *ctx, enum tg_hook hook,
							    const struct tg_packet *packet)
{
	if (!tg_is_to_one(ctx, hook, packet))
		return TG_ANSWER_NONE;
	switch (packet->protocol) {
	case IPPROTO_TCP:
		return packet->tcp_flags & TG_TCP_RST ? TG_ANSWER_NONE : TG_ANSWER_RESET;
	case IPPROTO_UDP:
		return tg_udp_kind(ctx, hook, packet);
	case IPPROTO_ICMP:
		return packet->icmp_type == TG_ICMP_ECHO ? TG_ANSWER_ERROR : TG_ANSWER_NONE;
	case IPPROTO_ICMPV6:
		return packet->icmp_type == ICMPV6_ECHO_REQUEST ? TG_ANSWER_ERROR : TG_ANSWER_NONE;
	}
	return TG_ANSWER_ERROR;
}

#endif
