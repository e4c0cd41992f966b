/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds the bytes of an answer. */
#ifndef TG_REJECT_BUILD_BPF_H
#define TG_REJECT_BUILD_BPF_H

#include "reject_kind.bpf.h"
#include "checksum.bpf.h"

#define TG_ANSWER_TTL 64
#define TG_IPV4_DF    0x4000 /* set, because RFC 6864 wants an identification otherwise */
#define TG_QUOTED                                                                                  \
	8 /* bytes quoted behind the headers in an error: the fewest that RFC 792 allows */
#define TG_ICMP_UNREACHABLE  3	/* RFC 792 */
#define TG_ICMP_PROHIBITED   13 /* RFC 1812 section 5.2.7.1 */
#define TG_ICMPV6_PROHIBITED 1	/* RFC 4443 section 3.1 */
#define TG_DNS_TC	     0x02
#define TG_DNS_RD	     0x01
#define TG_DNS_REFUSED	     5

/* Returns the bytes of an answer behind its IP header. */
static __always_inline __u32 tg_answer_length(const struct tg_packet *packet,
					      enum tg_answer_kind kind)
{
	switch (kind) {
	case TG_ANSWER_RESET:
		return sizeof(struct tcphdr);
	case TG_ANSWER_DNS:
		return tg_data_length(packet);
	default:
		return sizeof(struct icmp6hdr) + tg_headers_length(packet) + TG_QUOTED;
	}
}

static __always_inline void tg_answer_ip4(const struct tg_packet *packet, struct tg_answer *answer,
					  __u8 protocol, __u32 length)
{
	struct iphdr *ip = (void *)(answer->header + sizeof(struct ipv6hdr) - sizeof(*ip));

	*ip = (struct iphdr){.version = 4,
			     .ihl = sizeof(*ip) / 4,
			     .tot_len = bpf_htons(sizeof(*ip) + length),
			     .frag_off = bpf_htons(TG_IPV4_DF),
			     .ttl = TG_ANSWER_TTL,
			     .protocol = protocol,
			     .saddr = bpf_htonl(bpf_be64_to_cpu(packet->destination.low)),
			     .daddr = bpf_htonl(bpf_be64_to_cpu(packet->source.low))};
	ip->check = ~tg_fold(bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
}

static __always_inline void tg_answer_ip6(const struct tg_packet *packet, struct tg_answer *answer,
					  __u8 protocol, __u32 length)
{
	struct ipv6hdr *ip = (void *)answer->header;

	*ip = (struct ipv6hdr){.version = 6,
			       .payload_len = bpf_htons(length),
			       .nexthdr = protocol,
			       .hop_limit = TG_ANSWER_TTL};
	__builtin_memcpy(&ip->saddr, &packet->destination, sizeof(ip->saddr));
	__builtin_memcpy(&ip->daddr, &packet->source, sizeof(ip->daddr));
}

/*
 * Completes an answer: the IP header, and the checksum at @check, which is 0 so far. @pending:
 * store the sum of the pseudo header alone, because whoever completes the frame's checksum at this
 * offset adds the rest.
 */
static __always_inline void tg_answer_finish(const struct tg_packet *packet,
					     struct tg_answer *answer, __u8 protocol, __u32 length,
					     __u16 *check, bool pending)
{
	__u16 pseudo = protocol == IPPROTO_ICMP ? 0 : tg_pseudo_sum(packet, protocol, length);

	if (packet->is_ipv4)
		tg_answer_ip4(packet, answer, protocol, length);
	else
		tg_answer_ip6(packet, answer, protocol, length);
	*check = pending ? pseudo : ~tg_data_sum(answer, length, pseudo);
	if (protocol == IPPROTO_UDP && !*check)
		*check = 0xffff; /* 0 would mean no checksum */
}

/* Builds the reset that a closed port would send: RFC 9293 section 3.10.7.1. */
static __always_inline bool tg_build_reset(void *ctx, enum tg_hook hook,
					   const struct tg_packet *packet, struct tg_answer *answer,
					   bool pending)
{
	struct tcphdr *tcp = (void *)answer->data, to;
	__u32 length = packet->length - (packet->payload - packet->network);

	if (tg_frame_load(ctx, hook, packet->transport, &to, sizeof(to)))
		return false;
	*tcp = (struct tcphdr){
		.source = to.dest, .dest = to.source, .doff = sizeof(*tcp) / 4, .rst = 1};
	if (to.ack) {
		tcp->seq = to.ack_seq;
	} else {
		tcp->ack = 1;
		tcp->ack_seq = bpf_htonl(bpf_ntohl(to.seq) + to.syn + to.fin + length);
	}
	tg_answer_finish(packet, answer, IPPROTO_TCP, sizeof(*tcp), &tcp->check, pending);
	return true;
}

/* Builds the DNS answer: the query with its question and its EDNS options, turned round. */
static __always_inline bool tg_build_dns(void *ctx, enum tg_hook hook,
					 const struct tg_packet *packet, struct tg_answer *answer,
					 bool pending)
{
	struct tg_dns_message *message = (void *)answer->data;
	bool refused = tg_limit_of(packet->refused_by)->dns_refused;
	__u32 length = tg_data_length(packet);

	if (tg_answer_copy(ctx, hook, packet->transport, answer, 0, length))
		return false;
	message->dns.flags =
		TG_DNS_QR | (message->dns.flags & TG_DNS_RD) | (refused ? 0 : TG_DNS_TC);
	message->dns.rcode = refused ? TG_DNS_REFUSED : 0;
	message->udp = (struct udphdr){.source = packet->destination_port,
				       .dest = packet->source_port,
				       .len = bpf_htons(length)};
	tg_answer_finish(packet, answer, IPPROTO_UDP, length, &message->udp.check, pending);
	return true;
}

/*
 * Builds an ICMP error. If the packet's checksum is pending, its owner writes into a field of the
 * error that is not used, and writes the 0 that stands there.
 */
static __always_inline bool tg_build_error(void *ctx, enum tg_hook hook,
					   const struct tg_packet *packet, struct tg_answer *answer)
{
	struct icmp6hdr *icmp =
		(void *)answer->data; /* ICMP and ICMPv6 have the same first 8 bytes */
	__u32 quoted = tg_headers_length(packet) + TG_QUOTED;

	if (tg_answer_copy(ctx, hook, packet->network, answer, sizeof(*icmp), quoted))
		return false;
	*icmp = (struct icmp6hdr){
		.icmp6_type = packet->is_ipv4 ? TG_ICMP_UNREACHABLE : ICMPV6_DEST_UNREACH,
		.icmp6_code = packet->is_ipv4 ? TG_ICMP_PROHIBITED : TG_ICMPV6_PROHIBITED};
	tg_answer_finish(packet, answer, packet->is_ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6,
			 sizeof(*icmp) + quoted, &icmp->icmp6_cksum, false);
	return true;
}

#endif
