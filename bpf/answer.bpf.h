/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer to a packet that a limit with on_exceed: reject has refused: a TCP reset, a DNS
 * answer without data, or an ICMP error. An answer is never longer than what it answers, and goes
 * out at a bounded rate to each source and in all, so that nobody can have it amplify or reflect.
 */
#ifndef TG_ANSWER_BPF_H
#define TG_ANSWER_BPF_H

#include "frame.bpf.h"
#include "verdict.bpf.h"

#define TG_ANSWER_TTL	     64
#define TG_ICMP_QUOTE	     28 /* RFC 792: the IP header, without options, and 8 bytes */
#define TG_ICMPV6_QUOTE	     48 /* likewise; RFC 4443 would have more, but for the length */
#define TG_ICMP_ECHO	     8	/* RFC 792 */
#define TG_ICMP_UNREACHABLE  3
#define TG_ICMP_PROHIBITED   13 /* RFC 1812 section 5.2.7.1 */
#define TG_ICMPV6_PROHIBITED 1	/* RFC 4443 section 3.1 */

struct tg_dns_header {
	__be16 id;
	__u8 flags; /* QR, OPCODE (4 bits), AA, TC, RD */
	__u8 rcode; /* RA, Z (3 bits), RCODE */
	__be16 questions, answers, authorities, additionals;
};

#define TG_DNS_PORT    53
#define TG_DNS_QR      0x80
#define TG_DNS_OPCODE  0x78
#define TG_DNS_TC      0x02
#define TG_DNS_RD      0x01
#define TG_DNS_REFUSED 5

/* The headers of either family, as they follow each other in a packet without options. */
struct tg_headers4 {
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct icmp6hdr icmp; /* the first 8 bytes are alike */
		struct {
			struct udphdr udp;
			struct tg_dns_header dns;
		};
	};
};

struct tg_headers6 {
	struct ipv6hdr ip;
	union {
		struct tcphdr tcp;
		struct icmp6hdr icmp;
		struct {
			struct udphdr udp;
			struct tg_dns_header dns;
		};
	};
};

static __always_inline __u16 tg_fold(__s64 sum)
{
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32 & 0xffff);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return ~sum;
}

/* Takes a token for an answer, if there is one. */
static __always_inline bool tg_answer_token(__u32 index,
					    const volatile struct tg_rate *volatile_rate)
{
	const struct tg_rate *rate = (const struct tg_rate *)volatile_rate;
	__u64 *state = bpf_map_lookup_elem(&answers, &index), old, clock, deficit;

	/* Else the compiler, seeing which rate it is, takes the zeros of its initialiser for it. */
	asm volatile("" : "+r"(rate));
	if (!state)
		return false;
	clock = tg_gcra_clock(rate, tg_now(TG_CLOCK_COARSE));
	old = *(volatile __u64 *)state;
	/* Never used, or left alone for years. */
	deficit = old ? tg_gcra_deficit(rate, old, clock) : 0;
	if (!tg_gcra_charge(rate, &deficit, 1))
		return false;
	return __sync_val_compare_and_swap(state, old, tg_gcra_state(deficit, clock, 0)) == old;
}

/* A /24 of IPv4 or a /64 of IPv6 is one source here, as nobody should get more for having more. */
static __always_inline bool tg_answer_allowed(const struct tg_packet *packet)
{
	struct tg_bucket_key key = {.address = packet->source};

	if (packet->is_ipv4)
		key.address.low &= bpf_cpu_to_be64(~0xffULL);
	else
		key.address.low = 0;
	return tg_answer_token(tg_key_hash(policy.hash_key, &key) & (TG_ANSWER_SOURCES - 1),
			       &policy.answers_to_one) &&
	       tg_answer_token(TG_ANSWER_SOURCES, &policy.answers_to_all);
}

/* Addresses that a packet for one host, of one host, has: no multicast, no broadcast, not nobody.
 */
static __always_inline bool tg_is_unicast(const struct tg_address *address, bool is_ipv4)
{
	__u64 low = bpf_be64_to_cpu(address->low), high = bpf_be64_to_cpu(address->high);
	__u32 first = low >> 24 & 0xff;

	if (is_ipv4)
		return first != 0 && first != 127 && first < 224;
	return (high || low > 1) && high >> 56 != 0xff;
}

static __always_inline bool tg_answer_fits(const struct tg_packet *packet)
{
	__u32 header_length = packet->is_ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);

	if (packet->fragment != TG_FRAGMENT_NONE || packet->segments != 1 || !packet->transport ||
	    packet->transport - packet->network != header_length)
		return false;
	if (!tg_is_unicast(&packet->source, packet->is_ipv4) ||
	    !tg_is_unicast(&packet->destination, packet->is_ipv4))
		return false;
	/* RFC 1122 section 3.2.2, RFC 4443 section 2.4: no error about an error; here only echo
	 * requests are worth a word. */
	if (packet->protocol == IPPROTO_ICMP)
		return packet->icmp_type == TG_ICMP_ECHO;
	if (packet->protocol == IPPROTO_ICMPV6)
		return packet->icmp_type == ICMPV6_ECHO_REQUEST;
	return packet->protocol != IPPROTO_TCP || !(packet->tcp_flags & 4 /* RST */);
}

/* The pseudo header's sum (RFC 9293 section 3.1, RFC 8200 section 8.1). @ip is finished. */
static __always_inline __s64 tg_pseudo4(struct iphdr *ip, __u32 length)
{
	__be32 rest = bpf_htonl((__u32)ip->protocol << 16 | length);

	return bpf_csum_diff(NULL, 0, &rest, 4,
			     bpf_csum_diff(NULL, 0, &ip->saddr, 2 * sizeof(ip->saddr), 0));
}

static __always_inline __s64 tg_pseudo6(struct ipv6hdr *ip, __u32 length)
{
	__be32 rest = bpf_htonl((__u32)ip->nexthdr << 16 | length);

	return bpf_csum_diff(
		NULL, 0, &rest, 4,
		bpf_csum_diff(NULL, 0, (__be32 *)&ip->saddr, 2 * sizeof(ip->saddr), 0));
}

static __always_inline void tg_answer_ip4(struct iphdr *ip, const struct iphdr *to, __u8 protocol,
					  __u32 length)
{
	*ip = (struct iphdr){.version = 4,
			     .ihl = sizeof(*ip) / 4,
			     .tot_len = bpf_htons(length),
			     .ttl = TG_ANSWER_TTL,
			     .protocol = protocol,
			     .saddr = to->daddr,
			     .daddr = to->saddr};
	ip->check = tg_fold(bpf_csum_diff(NULL, 0, (__be32 *)ip, sizeof(*ip), 0));
}

static __always_inline void tg_answer_ip6(struct ipv6hdr *ip, const struct ipv6hdr *to,
					  __u8 protocol, __u32 length)
{
	*ip = (struct ipv6hdr){.version = 6,
			       .payload_len = bpf_htons(length - sizeof(*ip)),
			       .nexthdr = protocol,
			       .hop_limit = TG_ANSWER_TTL,
			       .saddr = to->daddr,
			       .daddr = to->saddr};
}

/* RFC 9293 section 3.10.7.1: as a closed port would answer. @length: of the segment's data. */
static __always_inline void tg_answer_tcp(struct tcphdr *tcp, const struct tcphdr *to, __u32 length)
{
	*tcp = (struct tcphdr){
		.source = to->dest, .dest = to->source, .doff = sizeof(*tcp) / 4, .rst = 1};
	if (to->ack) {
		tcp->seq = to->ack_seq;
	} else {
		tcp->ack = 1;
		tcp->ack_seq = bpf_htonl(bpf_ntohl(to->seq) + to->syn + to->fin + length);
	}
}

/* A plain query is turned round, with the question and what EDNS it came with. */
static __always_inline bool tg_answer_dns(struct udphdr *udp, struct tg_dns_header *dns,
					  bool refused)
{
	__be16 port = udp->source;

	if (dns->flags & (TG_DNS_QR | TG_DNS_OPCODE) || dns->questions != bpf_htons(1) ||
	    dns->answers || dns->authorities)
		return false;
	dns->flags = TG_DNS_QR | (dns->flags & TG_DNS_RD) | (refused ? 0 : TG_DNS_TC);
	dns->rcode = refused ? TG_DNS_REFUSED : 0;
	udp->source = udp->dest;
	udp->dest = port;
	udp->check = 0;
	return true;
}

/* UDP's zero means no checksum, and is sent as its other form. */
static __always_inline __u16 tg_udp_checksum(__s64 sum)
{
	__u16 checksum = tg_fold(sum);

	return checksum ? checksum : 0xffff;
}

/* Length of the answer in bytes; 0: none. */
static __always_inline __u32 tg_answer4(const struct tg_packet *packet, struct tg_answer *answer,
					bool dns, bool refused)
{
	struct tg_headers4 *to = (void *)answer->packet, *from = (void *)answer->bytes;
	const __u32 reset = sizeof(from->ip) + sizeof(from->tcp);
	const __u32 error = sizeof(from->ip) + sizeof(from->icmp) + TG_ICMP_QUOTE;
	__u32 length = packet->length;

	if (packet->protocol == IPPROTO_TCP) {
		tg_answer_ip4(&from->ip, &to->ip, IPPROTO_TCP, reset);
		tg_answer_tcp(&from->tcp, &to->tcp, length - (packet->payload - packet->network));
		from->tcp.check =
			tg_fold(bpf_csum_diff(NULL, 0, (__be32 *)&from->tcp, sizeof(from->tcp),
					      tg_pseudo4(&from->ip, sizeof(from->tcp))));
		return reset;
	}
	if (dns && length <= TG_ANSWERED_MAX && length >= sizeof(*from)) {
		__builtin_memcpy(answer->bytes, answer->packet, sizeof(answer->bytes));
		if (tg_answer_dns(&from->udp, &from->dns, refused)) {
			tg_answer_ip4(&from->ip, &to->ip, IPPROTO_UDP, length);
			length -= sizeof(from->ip);
			from->udp.check = tg_udp_checksum(bpf_csum_diff(
				NULL, 0, (__be32 *)&from->udp, ((length + 3) & ~3U) & 0x1ff,
				tg_pseudo4(&from->ip, length)));
			return packet->length;
		}
	}
	if (packet->length < error)
		return 0;
	tg_answer_ip4(&from->ip, &to->ip, IPPROTO_ICMP, error);
	from->icmp = (struct icmp6hdr){.icmp6_type = TG_ICMP_UNREACHABLE,
				       .icmp6_code = TG_ICMP_PROHIBITED};
	__builtin_memcpy(answer->bytes + error - TG_ICMP_QUOTE, answer->packet, TG_ICMP_QUOTE);
	from->icmp.icmp6_cksum = tg_fold(bpf_csum_diff(NULL, 0, (__be32 *)&from->icmp,
						       sizeof(from->icmp) + TG_ICMP_QUOTE, 0));
	return error;
}

static __always_inline __u32 tg_answer6(const struct tg_packet *packet, struct tg_answer *answer,
					bool dns, bool refused)
{
	struct tg_headers6 *to = (void *)answer->packet, *from = (void *)answer->bytes;
	const __u32 reset = sizeof(from->ip) + sizeof(from->tcp);
	const __u32 error = sizeof(from->ip) + sizeof(from->icmp) + TG_ICMPV6_QUOTE;
	__u32 length = packet->length;

	if (packet->protocol == IPPROTO_TCP) {
		tg_answer_ip6(&from->ip, &to->ip, IPPROTO_TCP, reset);
		tg_answer_tcp(&from->tcp, &to->tcp, length - (packet->payload - packet->network));
		from->tcp.check =
			tg_fold(bpf_csum_diff(NULL, 0, (__be32 *)&from->tcp, sizeof(from->tcp),
					      tg_pseudo6(&from->ip, sizeof(from->tcp))));
		return reset;
	}
	if (dns && length <= TG_ANSWERED_MAX && length >= sizeof(*from)) {
		__builtin_memcpy(answer->bytes, answer->packet, sizeof(answer->bytes));
		if (tg_answer_dns(&from->udp, &from->dns, refused)) {
			tg_answer_ip6(&from->ip, &to->ip, IPPROTO_UDP, length);
			length -= sizeof(from->ip);
			from->udp.check = tg_udp_checksum(bpf_csum_diff(
				NULL, 0, (__be32 *)&from->udp, ((length + 3) & ~3U) & 0x1ff,
				tg_pseudo6(&from->ip, length)));
			return packet->length;
		}
	}
	if (packet->length < error)
		return 0;
	tg_answer_ip6(&from->ip, &to->ip, IPPROTO_ICMPV6, error);
	from->icmp = (struct icmp6hdr){.icmp6_type = ICMPV6_DEST_UNREACH,
				       .icmp6_code = TG_ICMPV6_PROHIBITED};
	__builtin_memcpy(answer->bytes + error - TG_ICMPV6_QUOTE, answer->packet, TG_ICMPV6_QUOTE);
	from->icmp.icmp6_cksum = tg_fold(
		bpf_csum_diff(NULL, 0, (__be32 *)&from->icmp, sizeof(from->icmp) + TG_ICMPV6_QUOTE,
			      tg_pseudo6(&from->ip, error - sizeof(from->ip))));
	return error;
}

/* Puts the answer together; its length in bytes from the IP header on, or 0 for none. */
__noinline int tg_answer_build(struct tg_packet *packet)
{
	struct tg_answer *answer;
	__u32 zero = 0;
	bool dns, refused;

	answer = bpf_map_lookup_elem(&answer_memory, &zero);
	if (!answer || !packet || !tg_answer_allowed(packet))
		return 0;
	dns = packet->protocol == IPPROTO_UDP && packet->destination_port == bpf_htons(TG_DNS_PORT);
	refused = policy.limits[packet->refused_by & (TG_LIMITS_MAX - 1)].dns_refused;
	return packet->is_ipv4 ? tg_answer4(packet, answer, dns, refused)
			       : tg_answer6(packet, answer, dns, refused);
}

/* Swaps the hardware addresses; false for a frame that was not for this host alone. */
static __always_inline bool tg_turn_ethernet(void *ctx, enum tg_hook hook)
{
	struct ethhdr to, from;

	if (tg_frame_load(ctx, hook, 0, &to, sizeof(to)) || (to.h_dest[0] & 1) ||
	    (to.h_source[0] & 1))
		return false;
	__builtin_memcpy(from.h_dest, to.h_source, ETH_ALEN);
	__builtin_memcpy(from.h_source, to.h_dest, ETH_ALEN);
	from.h_proto = to.h_proto;
	return tg_frame_store(ctx, hook, 0, &from, sizeof(from)) == 0;
}

/*
 * Whether the length is one of an answer, or of what is answered. In 64 bits and one comparison
 * at a time, since the verifiers of Linux 6.1 and 6.12 lose bounds that are not found out of the
 * register itself.
 */
#define TG_ANSWER_LENGTH(length)                                                                   \
	({                                                                                         \
		bool within = false;                                                               \
                                                                                                   \
		asm volatile("" : "+r"(length));                                                   \
		if (length >= sizeof(struct iphdr)) {                                              \
			asm volatile("" : "+r"(length));                                           \
			within = length <= TG_ANSWERED_MAX;                                        \
		}                                                                                  \
		within;                                                                            \
	})

/*
 * Turns the frame into the answer, which the caller sends back to where the frame came from.
 * On false the frame is to be dropped; it may be spoilt.
 */
static __always_inline bool tg_answer(void *ctx, enum tg_hook hook, struct tg_packet *packet)
{
	__u64 n = packet->length, length;
	__u32 zero = 0, network = packet->network;
	struct tg_answer *answer;

	answer = bpf_map_lookup_elem(&answer_memory, &zero);
	if (!answer || !tg_answer_fits(packet))
		return false;
	__builtin_memset(answer->packet, 0, sizeof(answer->packet));
	if (n > TG_ANSWERED_MAX)
		n = TG_ANSWERED_MAX;
	if (virtual_clock && n > tg_frame_there(ctx, hook) - network)
		n = tg_frame_there(ctx, hook) - network;
	if (!TG_ANSWER_LENGTH(n) || tg_frame_load(ctx, hook, network, answer->packet, n))
		return false;
	length = tg_answer_build(packet);
	if (!length || !tg_turn_ethernet(ctx, hook) || tg_frame_cut(ctx, hook, network + length))
		return false;
	return TG_ANSWER_LENGTH(length) &&
	       !tg_frame_store(ctx, hook, network, answer->bytes, length);
}

#endif
