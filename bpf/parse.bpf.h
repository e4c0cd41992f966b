/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parses the bytes of a frame into struct tg_packet. Each step returns TG_PARSED, or the reason
 * with which the packet leaves at once; abi.h has the table of reasons.
 */
#ifndef TG_PARSE_BPF_H
#define TG_PARSE_BPF_H

#include <stdbool.h>
#include <stddef.h>
#include <asm/byteorder.h>
#include <linux/bpf.h>
#include <linux/icmpv6.h>
#include <linux/if_ether.h>
#include <linux/igmp.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/ppp_defs.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <tidegate/abi.h>

#include "packet.bpf.h"

struct tg_vlan_header {
	__be16 tci;
	__be16 protocol; /* EtherType of what follows */
};

static __always_inline int tg_skip_vlan(struct tg_cursor *cursor, struct tg_packet *packet,
					__be16 *protocol)
{
	struct tg_vlan_header *vlan;

	if (!TG_HEADER(cursor, vlan))
		return TG_REASON_TRUNCATED_ETHERNET;
	*protocol = vlan->protocol;
	tg_advance(cursor, sizeof(*vlan));
	return TG_PARSED;
}

/* Returns the EtherType of what a PPP protocol number announces, 0 if it is no IP. */
static __always_inline __be16 tg_ppp_ethertype(__u32 number)
{
	switch (number) {
	case PPP_IP:
		return bpf_htons(ETH_P_IP);
	case PPP_IPV6:
		return bpf_htons(ETH_P_IPV6);
	case PPP_MPLS_UC:
		return bpf_htons(ETH_P_MPLS_UC);
	case PPP_MPLS_MC:
		return bpf_htons(ETH_P_MPLS_MC);
	}
	return 0;
}

/* RFC 2516 section 4, and the protocol number of PPP behind it. */
struct tg_pppoe_header {
	__u8 version;
	__u8 code;
	__be16 session;
	__be16 length; /* of what follows, with the protocol number */
	__u8 protocol[2];
};

/*
 * Skips the header of a PPPoE session. Like Linux, looks at neither version nor code, and takes a
 * protocol number of one byte, which is odd (RFC 1661 section 6.5).
 */
static __always_inline int tg_skip_pppoe(struct tg_cursor *cursor, struct tg_packet *packet,
					 __be16 *protocol)
{
	const __u32 fixed = offsetof(struct tg_pppoe_header, protocol);
	struct tg_pppoe_header *session;
	__u32 length;

	if (!TG_HEADER(cursor, session))
		return TG_REASON_TRUNCATED_ETHERNET;
	length = bpf_ntohs(session->length);
	if (packet->segments > 1)
		length = cursor->left - fixed; /* GSO or GRO: that of one segment, or of none */
	if (length < sizeof(session->protocol) || length > cursor->left - fixed)
		return TG_REASON_TRUNCATED_ETHERNET;
	cursor->left = fixed + length;
	packet->one_way = 1;
	if (session->protocol[0] & 1) {
		*protocol = tg_ppp_ethertype(session->protocol[0]);
		tg_advance(cursor, sizeof(*session) - 1);
	} else {
		*protocol = tg_ppp_ethertype(session->protocol[0] << 8 | session->protocol[1]);
		tg_advance(cursor, sizeof(*session));
	}
	return TG_PARSED;
}

/* RFC 3032 section 2.1. */
struct tg_mpls_label {
	__be16 value;
	__u8 bottom; /* bit 0: the last label; the rest is more of the value, and the class */
	__u8 ttl;
};

/*
 * Skips one label. Behind the last one no field says what follows, so the first four bits decide:
 * 4 and 6 are IP.
 */
static __always_inline int tg_skip_mpls(struct tg_cursor *cursor, struct tg_packet *packet,
					__be16 *protocol)
{
	struct tg_mpls_label *label;
	__u8 *first;

	if (!TG_HEADER(cursor, label))
		return TG_REASON_TRUNCATED_ETHERNET;
	packet->labelled = packet->one_way = 1;
	tg_advance(cursor, sizeof(*label));
	if (!(label->bottom & 1))
		return TG_PARSED;
	*protocol = TG_HEADER(cursor, first) ? tg_ip_ethertype(*first) : 0;
	return TG_PARSED;
}

/* What may stand between the link's header and the IP packet: X(EtherType, function to skip it). */
#define TG_LOOKED_THROUGH(X)                                                                       \
	X(ETH_P_8021Q, tg_skip_vlan)                                                               \
	X(ETH_P_8021AD, tg_skip_vlan)                                                              \
	X(ETH_P_PPP_SES, tg_skip_pppoe)                                                            \
	X(ETH_P_MPLS_UC, tg_skip_mpls)                                                             \
	X(ETH_P_MPLS_MC, tg_skip_mpls)

static __always_inline bool tg_is_vlan(__be16 protocol)
{
	return protocol == bpf_htons(ETH_P_8021Q) || protocol == bpf_htons(ETH_P_8021AD);
}

/* Skips one layer if @protocol announces one. Returns TG_SKIPPED, TG_PARSED or a reason. */
static __always_inline int tg_skip_layer(struct tg_cursor *cursor, struct tg_packet *packet,
					 __be16 *protocol)
{
	int reason = TG_PARSED;

	switch (*protocol) {
#define TG_SKIP(ethertype, skip)                                                                   \
	case bpf_htons(ethertype):                                                                 \
		reason = skip(cursor, packet, protocol);                                           \
		break;
		TG_LOOKED_THROUGH(TG_SKIP)
#undef TG_SKIP
	default:
		return TG_PARSED;
	}
	return reason == TG_PARSED ? TG_SKIPPED : reason;
}

/* Walks to the IP packet. *@protocol: the EtherType of what comes first, then of what is there. */
static __always_inline int tg_parse_layers(struct tg_cursor *cursor, struct tg_packet *packet,
					   __be16 *protocol)
{
	volatile __u32 tags = packet->tags;
	int i, reason;

	for (i = 0; i <= TG_LAYERS_MAX; i++) {
		tg_forget_bounds(cursor);
		if (tg_is_vlan(*protocol))
			tags++;
		reason = tg_skip_layer(cursor, packet, protocol);
		if (reason == TG_PARSED)
			return tags <= TG_VLAN_TAGS_MAX ? TG_PARSED : TG_REASON_VLAN_DEPTH;
		if (reason != TG_SKIPPED)
			return reason;
		if (tags > TG_VLAN_TAGS_MAX)
			return TG_REASON_VLAN_DEPTH;
	}
	return TG_REASON_LAYER_DEPTH;
}

static __always_inline int tg_parse_ethernet(struct tg_cursor *cursor, __be16 *protocol)
{
	struct ethhdr *ethernet;

	if (!TG_HEADER(cursor, ethernet))
		return TG_REASON_TRUNCATED_ETHERNET;
	*protocol = ethernet->h_proto;
	tg_advance(cursor, sizeof(*ethernet));
	return TG_PARSED;
}

static __always_inline int tg_parse_tcp(struct tg_cursor *cursor, struct tg_packet *packet)
{
	struct tcphdr *tcp;

	if (!TG_HEADER(cursor, tcp))
		return TG_REASON_TRUNCATED_TRANSPORT;
	if (tcp->doff < 5)
		return TG_REASON_MALFORMED_TRANSPORT;
	if (tcp->doff * 4 > cursor->left)
		return TG_REASON_TRUNCATED_TRANSPORT;
	packet->source_port = tcp->source;
	packet->destination_port = tcp->dest;
	packet->has_ports = 1;
	packet->tcp_flags = ((__u8 *)tcp)[13];
	packet->payload = cursor->offset + tcp->doff * 4;
	return TG_PARSED;
}

/*
 * True if the length field is one that Linux takes. A length of 0 stands for the rest of the packet
 * in a jumbogram (RFC 2675 section 4), and Linux takes it in every packet of IPv6. UDP-Lite has a
 * checksum coverage there, where 0 is the whole packet (RFC 3828 section 3.1). @whole: no fragment,
 * so that the length can be compared with the packet's.
 */
static __always_inline bool tg_is_udp_length(__u32 length, const struct tg_cursor *cursor,
					     const struct tg_packet *packet, bool whole)
{
	if (!length)
		return packet->protocol == IPPROTO_UDPLITE || !packet->is_ipv4;
	return length >= sizeof(struct udphdr) && (!whole || length <= cursor->left);
}

static __always_inline int tg_parse_udp(struct tg_cursor *cursor, struct tg_packet *packet,
					bool whole)
{
	struct udphdr *udp;

	if (!TG_HEADER(cursor, udp))
		return TG_REASON_TRUNCATED_TRANSPORT;
	if (packet->segments == 1 && !tg_is_udp_length(bpf_ntohs(udp->len), cursor, packet, whole))
		return TG_REASON_MALFORMED_TRANSPORT;
	packet->source_port = udp->source;
	packet->destination_port = udp->dest;
	packet->has_ports = 1;
	packet->payload = cursor->offset + sizeof(*udp);
	return TG_PARSED;
}

/* RFC 9260 section 3.1. */
struct tg_sctp_header {
	__be16 source, destination;
	__be32 verification_tag, checksum;
};

static __always_inline int tg_parse_transport(struct tg_cursor *cursor, struct tg_packet *packet,
					      bool whole)
{
	struct icmp6hdr *icmp;
	struct tg_sctp_header *sctp;

	packet->transport = cursor->offset;
	switch (packet->protocol) {
	case IPPROTO_TCP:
		return tg_parse_tcp(cursor, packet);
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
		return tg_parse_udp(cursor, packet, whole);
	case IPPROTO_SCTP:
		if (!TG_HEADER(cursor, sctp))
			return TG_REASON_TRUNCATED_TRANSPORT;
		packet->source_port = sctp->source;
		packet->destination_port = sctp->destination;
		packet->has_ports = 1;
		return TG_PARSED;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		if (!TG_HEADER(cursor, icmp))
			return TG_REASON_TRUNCATED_TRANSPORT;
		packet->icmp_type = icmp->icmp6_type;
		return TG_PARSED;
	}
	return TG_PARSED;
}

static __always_inline void tg_map_ipv4(struct tg_address *address, __be32 ipv4)
{
	address->high = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	address->low = (__u64)ipv4 << 32 | bpf_htonl(0xffff);
#else
	address->low = 0xffff00000000ULL | ipv4;
#endif
}

/*
 * True if the packet is no longer than a message of discovery is. What follows it in the frame
 * counts too, because a bridge forwards that.
 */
static __always_inline bool tg_is_brief(const struct tg_packet *packet)
{
	return packet->bytes - packet->network <= TG_DISCOVERY_BYTES;
}

/* Returns TG_REASON_IGMP for messages of IGMP that no router forwards, or TG_PARSED. */
static __always_inline int tg_parse_igmp(struct tg_cursor *cursor, const struct iphdr *ip,
					 const struct tg_packet *packet)
{
	struct igmphdr *igmp;

	if (ip->ttl != 1 || (ip->daddr & bpf_htonl(0xf0000000)) != bpf_htonl(0xe0000000) ||
	    !tg_is_brief(packet) || !TG_HEADER(cursor, igmp))
		return TG_PARSED;
	switch (igmp->type) {
	case IGMP_HOST_MEMBERSHIP_QUERY:
	case IGMP_HOST_MEMBERSHIP_REPORT:
	case IGMPV2_HOST_MEMBERSHIP_REPORT:
	case IGMP_HOST_LEAVE_MESSAGE:
	case IGMPV3_HOST_MEMBERSHIP_REPORT:
		return TG_REASON_IGMP;
	}
	return TG_PARSED;
}

#define TG_IPV4_OFFSET_MASK 0x1fff
#define TG_IPV4_MORE	    0x2000

static __always_inline int tg_parse_ipv4(struct tg_cursor *cursor, struct tg_packet *packet)
{
	__u32 header_length, total_length;
	__u16 fragment;
	struct iphdr *ip;

	if (!TG_HEADER(cursor, ip))
		return TG_REASON_TRUNCATED_IPV4;
	header_length = ip->ihl * 4;
	total_length = bpf_ntohs(ip->tot_len);
	if (!total_length && packet->segments > 1)
		total_length = cursor->left; /* GSO or GRO: more than 64 KiB together */
	if (ip->version != 4 || header_length < sizeof(*ip) || total_length < header_length)
		return TG_REASON_MALFORMED_IPV4;
	if (total_length > cursor->left)
		return TG_REASON_TRUNCATED_IPV4;
	cursor->left = total_length;
	tg_map_ipv4(&packet->source, ip->saddr);
	tg_map_ipv4(&packet->destination, ip->daddr);
	packet->protocol = ip->protocol;
	packet->is_ipv4 = 1;
	packet->traffic_class = ip->tos;
	packet->network = cursor->offset;
	packet->length = total_length > 0xffff ? 0xffff : total_length;
	fragment = bpf_ntohs(ip->frag_off);
	packet->id = ip->id;
	if (fragment & TG_IPV4_OFFSET_MASK) {
		/* A fragment at offset 8 would overwrite the flags of a TCP header: RFC 3128. */
		if (ip->protocol == IPPROTO_TCP && (fragment & TG_IPV4_OFFSET_MASK) == 1)
			return TG_REASON_TRUNCATED_TRANSPORT;
		packet->fragment = TG_FRAGMENT_LATER;
		return TG_PARSED;
	}
	if (fragment & TG_IPV4_MORE)
		packet->fragment = TG_FRAGMENT_FIRST;
	tg_advance(cursor, header_length);
	if (packet->protocol == IPPROTO_IGMP && packet->fragment == TG_FRAGMENT_NONE)
		return tg_parse_igmp(cursor, ip, packet);
	return tg_parse_transport(cursor, packet, packet->fragment == TG_FRAGMENT_NONE);
}

static __always_inline bool tg_is_mapped(const struct in6_addr *address)
{
	return !address->s6_addr32[0] && !address->s6_addr32[1] &&
	       address->s6_addr32[2] == bpf_htonl(0xffff);
}

static __always_inline bool tg_is_ipv6_extension(__u8 next)
{
	switch (next) {
	case IPPROTO_HOPOPTS:
	case IPPROTO_ROUTING:
	case IPPROTO_DSTOPTS:
	case IPPROTO_FRAGMENT:
	case IPPROTO_AH:
	case IPPROTO_MH:
	case 139: /* HIP, RFC 7401 */
	case 140: /* Shim6, RFC 5533 */
		return true;
	}
	return false;
}

/* The fixed part of every extension header. The fragment header has just this length. */
struct tg_ipv6_extension {
	__u8 next;
	__u8 length; /* units of 8 bytes beyond the first 8; AH: of 4 bytes, less 2 */
	__be16 fragment;
	__be32 id;
};

#define TG_IPV6_OFFSET_MASK 0xfff8
#define TG_IPV6_MORE	    1

/* Walks the chain to the transport header. */
static __always_inline int tg_parse_ipv6_chain(struct tg_cursor *cursor, struct tg_packet *packet)
{
	struct tg_ipv6_extension *extension;
	__u32 length;
	int i;

	for (i = 0; i <= TG_IPV6_HEADERS_MAX; i++) {
		if (!tg_is_ipv6_extension(packet->protocol))
			return TG_PARSED;
		if (!TG_HEADER(cursor, extension))
			return TG_REASON_TRUNCATED_IPV6;
		length = (extension->length + 1) * 8;
		if (packet->protocol == IPPROTO_AH)
			length = (extension->length + 2) * 4;
		if (packet->protocol == IPPROTO_FRAGMENT) {
			length = sizeof(*extension);
			packet->id = extension->id;
			if (extension->fragment & bpf_htons(TG_IPV6_OFFSET_MASK))
				packet->fragment = TG_FRAGMENT_LATER;
			else if (extension->fragment & bpf_htons(TG_IPV6_MORE))
				packet->fragment = TG_FRAGMENT_FIRST;
		}
		packet->protocol = extension->next;
		if (length > cursor->left)
			return TG_REASON_TRUNCATED_IPV6;
		tg_advance(cursor, length);
		tg_forget_bounds(cursor);
		if (packet->fragment == TG_FRAGMENT_LATER) {
			/*
			 * The next header of a later fragment is the sender's claim; the first
			 * fragment's decides (RFC 8200 section 4.5).
			 */
			packet->any_protocol = 1;
			return TG_PARSED;
		}
	}
	return TG_REASON_IPV6_CHAIN;
}

#define TG_MLD2_REPORT 143

/*
 * Returns the reason of an ICMPv6 message of discovery, or TG_PARSED. Neighbour discovery must have
 * hop limit 255 (RFC 4861 section 6.1), which shows that no router has forwarded it, and no
 * extension header, such as one that routes it on. MLD has a link-local or no source address (RFC
 * 3810 section 5) and no hop left, so that no router will forward it.
 */
static __always_inline int tg_parse_icmpv6(struct tg_cursor *cursor, const struct ipv6hdr *ip,
					   const struct tg_packet *packet)
{
	struct icmp6hdr *icmp;

	if (!tg_is_brief(packet) || !TG_HEADER(cursor, icmp) || icmp->icmp6_code)
		return TG_PARSED;
	switch (icmp->icmp6_type) {
	case 133 ... 137:
		return ip->hop_limit == 255 && ip->nexthdr == IPPROTO_ICMPV6
			       ? TG_REASON_NEIGHBOUR_DISCOVERY
			       : TG_PARSED;
	case ICMPV6_MGM_QUERY:
	case ICMPV6_MGM_REPORT:
	case ICMPV6_MGM_REDUCTION:
	case TG_MLD2_REPORT:
		if (ip->hop_limit != 1)
			return TG_PARSED;
		if ((ip->saddr.s6_addr32[0] & bpf_htonl(0xffc00000)) == bpf_htonl(0xfe800000))
			return TG_REASON_MLD;
		if (!ip->saddr.s6_addr32[0] && !ip->saddr.s6_addr32[1] && !ip->saddr.s6_addr32[2] &&
		    !ip->saddr.s6_addr32[3])
			return TG_REASON_MLD;
	}
	return TG_PARSED;
}

/* Returns the length of the whole packet, as struct tg_packet has it. */
static __always_inline __u16 tg_ipv6_length(__u32 payload_length)
{
	__u32 length = payload_length + sizeof(struct ipv6hdr);

	return length > 0xffff ? 0xffff : length;
}

static __always_inline int tg_parse_ipv6(struct tg_cursor *cursor, struct tg_packet *packet)
{
	__u32 payload_length;
	struct ipv6hdr *ip;
	bool whole;
	int reason;

	if (!TG_HEADER(cursor, ip))
		return TG_REASON_TRUNCATED_IPV6;
	payload_length = bpf_ntohs(ip->payload_len);
	if (!payload_length && packet->segments > 1)
		payload_length = cursor->left - sizeof(*ip);
	if (ip->version != 6 || (!payload_length && ip->nexthdr == IPPROTO_HOPOPTS))
		return TG_REASON_MALFORMED_IPV6;
	if (payload_length > cursor->left - sizeof(*ip))
		return TG_REASON_TRUNCATED_IPV6;
	if (tg_is_mapped(&ip->saddr) || tg_is_mapped(&ip->daddr))
		return TG_REASON_MAPPED_ADDRESS;
	__builtin_memcpy(&packet->source, &ip->saddr, sizeof(packet->source));
	__builtin_memcpy(&packet->destination, &ip->daddr, sizeof(packet->destination));
	packet->protocol = ip->nexthdr;
	packet->traffic_class = ip->priority << 4 | ip->flow_lbl[0] >> 4;
	packet->network = cursor->offset;
	packet->length = tg_ipv6_length(payload_length);
	tg_advance(cursor, sizeof(*ip));
	cursor->left = payload_length;
	reason = tg_parse_ipv6_chain(cursor, packet);
	if (reason != TG_PARSED || packet->fragment == TG_FRAGMENT_LATER)
		return reason;
	whole = packet->fragment == TG_FRAGMENT_NONE;
	reason = tg_parse_transport(cursor, packet, whole);
	if (reason == TG_PARSED && whole && packet->protocol == IPPROTO_ICMPV6)
		return tg_parse_icmpv6(cursor, ip, packet);
	return reason;
}

/* RFC 826, with the addresses of Ethernet and IPv4; linux/if_arp.h needs libc. */
struct tg_arp {
	__be16 hardware, protocol;
	__u8 hardware_length, protocol_length;
	__be16 operation;
	__u8 sender_hardware[ETH_ALEN];
	__be16 sender[2]; /* not aligned to 4 bytes */
	__u8 target_hardware[ETH_ALEN];
	__be16 target[2];
};

#define TG_ARP_ETHERNET 1
#define TG_ARP_REQUEST	1
#define TG_ARP_REPLY	2

/* Returns TG_REASON_ARP and sets the source for messages of ARP; other frames are just not IP. */
static __always_inline int tg_parse_arp(struct tg_cursor *cursor, struct tg_packet *packet)
{
	struct tg_arp *arp;
	__be32 sender;

	packet->network = cursor->offset;
	if (!tg_is_brief(packet) || !TG_HEADER(cursor, arp) ||
	    arp->hardware != bpf_htons(TG_ARP_ETHERNET) || arp->protocol != bpf_htons(ETH_P_IP) ||
	    arp->hardware_length != ETH_ALEN || arp->protocol_length != sizeof(sender) ||
	    (arp->operation != bpf_htons(TG_ARP_REQUEST) &&
	     arp->operation != bpf_htons(TG_ARP_REPLY)))
		return TG_REASON_NOT_IP;
	__builtin_memcpy(&sender, arp->sender, sizeof(sender));
	tg_map_ipv4(&packet->source, sender);
	return TG_REASON_ARP;
}

/* Parses what is no layer any more. */
static __always_inline int tg_parse_network(struct tg_cursor *cursor, struct tg_packet *packet,
					    __be16 protocol)
{
	switch (protocol) {
	case bpf_htons(ETH_P_IP):
		return tg_parse_ipv4(cursor, packet);
	case bpf_htons(ETH_P_IPV6):
		return tg_parse_ipv6(cursor, packet);
	case bpf_htons(ETH_P_ARP):
		return tg_parse_arp(cursor, packet);
	}
	return TG_REASON_NOT_IP;
}

/* True if the IP header itself is not sound. */
static __always_inline bool tg_is_unsound(int reason)
{
	return reason == TG_REASON_TRUNCATED_IPV4 || reason == TG_REASON_MALFORMED_IPV4 ||
	       reason == TG_REASON_TRUNCATED_IPV6 || reason == TG_REASON_MALFORMED_IPV6;
}

/*
 * Parses a frame. @packet must be all zero but for `bytes` (the length of the frame), `segments`,
 * `tags`, `hook` and `header`. @protocol: the EtherType of a frame without a header of its own.
 */
static __always_inline int tg_parse(void *data, void *end, __be16 protocol,
				    struct tg_packet *packet)
{
	struct tg_cursor cursor = {.data = data, .end = end, .left = packet->bytes};
	int reason = TG_PARSED;

	if (packet->header == TG_HEADER_ETHERNET)
		reason = tg_parse_ethernet(&cursor, &protocol);
	if (reason == TG_PARSED)
		reason = tg_parse_layers(&cursor, packet, &protocol);
	if (reason == TG_PARSED)
		reason = tg_parse_network(&cursor, packet, protocol);
	/* What labels carry was a guess: another service's frame may begin with the same bits. */
	return packet->labelled && tg_is_unsound(reason) ? TG_REASON_NOT_IP : reason;
}

#endif
