/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames of test_packets.c. Port 53 is limited, port 54 is not; so is protocol 99, and ICMPv6.
 */
#ifndef TG_TEST_PACKET_BUILDERS_H
#define TG_TEST_PACKET_BUILDERS_H

#include "packet.h"

#define V4	   "192.0.2.1"
#define V6	   "2001:db8::1"
#define LINK_LOCAL "fe80::1"
#define PORT	   53

static inline void build_ethertype(struct packet *packet, int type)
{
	put_ethernet(packet, type);
	put(packet, NULL, 46);
}

/* A message of ARP, in as many bytes as Ethernet has at least. */
static inline void put_arp(struct packet *packet, const char *sender, uint8_t operation)
{
	static const uint8_t fixed[] = {0, 1, 8, 0, 6, 4, 0};
	uint8_t *arp = put(packet, fixed, sizeof(fixed));

	put(packet, NULL, 46 - sizeof(fixed));
	arp[7] = operation;
	inet_pton(AF_INET, sender, arp + 14);
}

static inline void build_arp(struct packet *packet, int operation)
{
	put_ethernet(packet, ETH_P_ARP);
	put_arp(packet, V4, operation);
}

/* Of @bytes. */
static inline void build_long_arp(struct packet *packet, int bytes)
{
	build_arp(packet, 1);
	put(packet, NULL, bytes - 46);
}

/* With another value in one of the first bytes. */
static inline void build_odd_arp(struct packet *packet, int at)
{
	build_arp(packet, 1);
	packet->bytes[ETH_HLEN + at]++;
}

static inline void build_tagged_arp(struct packet *packet, int type)
{
	put_ethernet(packet, ETH_P_ARP);
	put_vlan(packet, type);
	put_arp(packet, V4, 1);
}

static inline void build_udp4(struct packet *packet, int port)
{
	put_ethernet(packet, ETH_P_IP);
	put_ipv4(packet, V4, IPPROTO_UDP, 0, 0);
	put_udp(packet, port, 18);
	packet_done(packet);
}

/*
 * Behind the Ethernet header: a PPPoE session with that PPP protocol number, which takes one byte
 * if it is odd and below 256.
 */
static inline void put_pppoe(struct packet *packet, int protocol)
{
	uint8_t header[8] = {0x11, 0, 0, 7};

	put_ethernet(packet, ETH_P_PPP_SES);
	header[6] = protocol >> 8;
	header[7] = protocol;
	put(packet, header, sizeof(header));
}

/* The length of what follows the session's header, but for @beyond. */
static inline void pppoe_done(struct packet *packet, int beyond)
{
	uint8_t *length = packet->bytes + ETH_HLEN + 4;
	int bytes = packet->length - ETH_HLEN - 6 + beyond;

	packet_done(packet);
	length[0] = bytes >> 8;
	length[1] = bytes;
}

static inline void put_ip_udp(struct packet *packet, int version)
{
	if (version == 4)
		put_ipv4(packet, V4, IPPROTO_UDP, 0, 0);
	else
		put_ipv6(packet, V6, IPPROTO_UDP, 64);
	put_udp(packet, PORT, 18);
}

static inline void build_pppoe(struct packet *packet, int version)
{
	put_pppoe(packet, version == 4 ? 0x21 : 0x57);
	put_ip_udp(packet, version);
	pppoe_done(packet, 0);
}

/* The protocol number in one byte. */
static inline void build_short_pppoe(struct packet *packet, int version)
{
	put_pppoe(packet, (version == 4 ? 0x21 : 0x57) << 8);
	packet->length--;
	put_ip_udp(packet, version);
	pppoe_done(packet, 0);
}

/* As Linux takes it: whatever the version and the code are. */
static inline void build_odd_pppoe(struct packet *packet, int first)
{
	build_pppoe(packet, 4);
	packet->bytes[ETH_HLEN] = first;
	packet->bytes[ETH_HLEN + 1] = 9;
}

static inline void build_padded_pppoe(struct packet *packet, int padding)
{
	build_pppoe(packet, 4);
	put(packet, NULL, padding);
}

static inline void build_pppoe_length(struct packet *packet, int beyond)
{
	put_pppoe(packet, 0x21);
	put_ip_udp(packet, 4);
	pppoe_done(packet, beyond);
}

static inline void build_pppoe_control(struct packet *packet, int protocol)
{
	put_pppoe(packet, protocol);
	put(packet, NULL, 40);
	pppoe_done(packet, 0);
}

static inline void build_tagged_pppoe(struct packet *packet, int tags)
{
	struct packet inner;

	build_pppoe(&inner, 4);
	put_ethernet(packet, ETH_P_PPP_SES);
	for (; tags; tags--)
		put_vlan(packet, ETH_P_8021Q);
	packet->l3 = inner.l3 + packet->length - ETH_HLEN;
	put(packet, inner.bytes + ETH_HLEN, inner.length - ETH_HLEN);
}

static inline void put_labels(struct packet *packet, int n)
{
	int i;

	put_ethernet(packet, ETH_P_MPLS_UC);
	for (i = 1; i <= n; i++)
		put(packet, (uint8_t[]){0x12, 0x34, 0x50 | (i == n), 64}, 4);
}

static inline void build_mpls4(struct packet *packet, int labels)
{
	put_labels(packet, labels);
	put_ip_udp(packet, 4);
	packet_done(packet);
}

static inline void build_mpls6(struct packet *packet, int labels)
{
	put_labels(packet, labels);
	put_ip_udp(packet, 6);
	packet_done(packet);
}

/* @first: of what follows the labels. */
static inline void build_mpls_other(struct packet *packet, int first)
{
	put_labels(packet, 2);
	packet->bytes[packet->length] = first;
	packet->length++;
	put(packet, NULL, 63);
}

/* MPLS in a session of PPPoE in a VLAN. */
static inline void build_nested(struct packet *packet, int type)
{
	struct packet inner;

	put_pppoe(&inner, 0x281);
	put(&inner, (uint8_t[]){0, 0, 1, 64}, 4);
	put_ip_udp(&inner, 4);
	pppoe_done(&inner, 0);
	put_ethernet(packet, ETH_P_PPP_SES);
	put_vlan(packet, type);
	packet->l3 = inner.l3 + packet->length - ETH_HLEN;
	put(packet, inner.bytes + ETH_HLEN, inner.length - ETH_HLEN);
}

static inline void build_options4(struct packet *packet, int options)
{
	put_ethernet(packet, ETH_P_IP);
	put_ipv4(packet, V4, IPPROTO_UDP, options, 0);
	put_udp(packet, PORT, 18);
	packet_done(packet);
}

/* IPv4 with a header's worth of bytes after it, of any protocol. */
static inline void build_protocol4(struct packet *packet, int protocol)
{
	put_ethernet(packet, ETH_P_IP);
	put_ipv4(packet, V4, protocol, 0, 0);
	put_icmp(packet, 8, 0);
	packet_done(packet);
}

static inline void build_short4(struct packet *packet, int protocol)
{
	put_ethernet(packet, ETH_P_IP);
	put_ipv4(packet, V4, protocol, 0, 0);
	put(packet, NULL, 7);
	packet_done(packet);
	put(packet, NULL, 40); /* padding that must not be taken for a header */
}

static inline void build_tcp4(struct packet *packet, int words)
{
	put_ethernet(packet, ETH_P_IP);
	put_ipv4(packet, V4, IPPROTO_TCP, 0, 0);
	put_tcp(packet, PORT, words);
	packet_done(packet);
}

static inline void build_tcp4_beyond(struct packet *packet, int words)
{
	put_ethernet(packet, ETH_P_IP);
	put_ipv4(packet, V4, IPPROTO_TCP, 0, 0);
	put_tcp(packet, PORT, 5);
	packet->bytes[packet->length - 20 + 12] = words << 4;
	packet_done(packet);
}

static inline void build_sctp4(struct packet *packet, int port)
{
	uint8_t *sctp;

	put_ethernet(packet, ETH_P_IP);
	put_ipv4(packet, V4, IPPROTO_SCTP, 0, 0);
	sctp = put(packet, NULL, 16);
	sctp[2] = port >> 8;
	sctp[3] = port;
	packet_done(packet);
}

/* @first: the byte with version and header length. */
static inline void build_first_byte4(struct packet *packet, int first)
{
	build_udp4(packet, PORT);
	packet->bytes[packet->l3] = first;
}

static inline void build_total4(struct packet *packet, int difference)
{
	struct iphdr *ip;

	build_udp4(packet, PORT);
	ip = (struct iphdr *)(packet->bytes + packet->l3);
	ip->tot_len = htons(ntohs(ip->tot_len) + difference);
}

static inline void build_total4_exactly(struct packet *packet, int length)
{
	build_udp4(packet, PORT);
	((struct iphdr *)(packet->bytes + packet->l3))->tot_len = htons(length);
}

static inline void build_padded4(struct packet *packet, int padding)
{
	build_udp4(packet, PORT);
	put(packet, NULL, padding);
}

static inline void build_fragment4(struct packet *packet, int field)
{
	put_ethernet(packet, ETH_P_IP);
	put_ipv4(packet, V4, IPPROTO_UDP, 0, field);
	put_udp(packet, PORT, 24);
	packet_done(packet);
}

/* Content that looks like a datagram for an unlimited port, and is the middle of one. */
static inline void build_later_fragment4(struct packet *packet, int protocol)
{
	put_ethernet(packet, ETH_P_IP);
	put_ipv4(packet, V4, protocol, 0, 100);
	put_udp(packet, 54, 24);
	packet_done(packet);
}

/* Eight bytes into a TCP packet, where the second half of another fragment's header has its flags.
 */
static inline void build_overlapping_fragment4(struct packet *packet, int offset)
{
	put_ethernet(packet, ETH_P_IP);
	put_ipv4(packet, V4, IPPROTO_TCP, 0, offset);
	put(packet, NULL, 24);
	packet_done(packet);
}

static inline void build_tiny_fragment4(struct packet *packet, int bytes)
{
	put_ethernet(packet, ETH_P_IP);
	put_ipv4(packet, V4, IPPROTO_TCP, 0, 0x2000);
	put(packet, NULL, bytes);
	packet_done(packet);
}

static inline void build_udp_length4(struct packet *packet, int length)
{
	build_udp4(packet, PORT);
	((struct udphdr *)(packet->bytes + packet->udp))->len = htons(length);
}

static inline void build_tags(struct packet *packet, int tags)
{
	put_ethernet(packet, ETH_P_IP);
	while (tags--)
		put_vlan(packet, tags ? ETH_P_8021AD : ETH_P_8021Q);
	put_ipv4(packet, V4, IPPROTO_UDP, 0, 0);
	put_udp(packet, PORT, 18);
	packet_done(packet);
}

static inline void build_tagged6(struct packet *packet, int type)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_vlan(packet, type);
	put_ipv6(packet, V6, IPPROTO_UDP, 64);
	put_udp(packet, PORT, 18);
	packet_done(packet);
}

static inline void build_half_tag(struct packet *packet, int bytes)
{
	put_ethernet(packet, ETH_P_8021Q);
	put(packet, NULL, bytes);
}

static inline void build_udp6(struct packet *packet, int port)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, V6, IPPROTO_UDP, 64);
	put_udp(packet, port, 18);
	packet_done(packet);
}

static inline void build_tcp6(struct packet *packet, int words)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, V6, IPPROTO_TCP, 64);
	put_tcp(packet, PORT, words);
	packet_done(packet);
}

static inline void build_protocol6(struct packet *packet, int protocol)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, V6, protocol, 64);
	put_icmp(packet, 128, 0);
	packet_done(packet);
}

/* One extension header of 16 bytes, then UDP. */
static inline void build_extension6(struct packet *packet, int type)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, V6, type, 64);
	put_extension(packet, type, IPPROTO_UDP, 16);
	put_udp(packet, PORT, 18);
	packet_done(packet);
}

static inline void build_chain6(struct packet *packet, int n)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, V6, IPPROTO_DSTOPTS, 64);
	while (n--)
		put_extension(packet, IPPROTO_DSTOPTS, n ? IPPROTO_DSTOPTS : IPPROTO_UDP, 8);
	put_udp(packet, PORT, 18);
	packet_done(packet);
}

static inline void build_long_extension6(struct packet *packet, int size)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, V6, IPPROTO_HOPOPTS, 64);
	put_extension(packet, IPPROTO_HOPOPTS, IPPROTO_UDP, size);
	put_udp(packet, PORT, 18);
	packet_done(packet);
}

static inline void build_extension_beyond6(struct packet *packet, int size)
{
	build_extension6(packet, IPPROTO_DSTOPTS);
	packet->bytes[packet->l3 + sizeof(struct ipv6hdr) + 1] = size;
}

/* @argument: the offset in 8 bytes, doubled, plus the bit for more. */
static inline void build_fragment6(struct packet *packet, int argument)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, V6, IPPROTO_FRAGMENT, 64);
	put_fragment(packet, IPPROTO_UDP, argument / 2, argument % 2);
	put_udp(packet, argument / 2 ? 54 : PORT, 24);
	packet_done(packet);
}

/* A later fragment that claims that options come next: its protocol cannot be known. */
static inline void build_hiding_fragment6(struct packet *packet, int type)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, V6, IPPROTO_FRAGMENT, 64);
	put_fragment(packet, type, 7, 0);
	put_udp(packet, 54, 24);
	packet_done(packet);
}

static inline void build_payload6(struct packet *packet, int difference)
{
	struct ipv6hdr *ip;

	build_udp6(packet, PORT);
	ip = (struct ipv6hdr *)(packet->bytes + packet->l3);
	ip->payload_len = htons(ntohs(ip->payload_len) + difference);
}

static inline void build_jumbogram(struct packet *packet, int unused)
{
	build_long_extension6(packet, 8);
	((struct ipv6hdr *)(packet->bytes + packet->l3))->payload_len = 0;
}

static inline void build_version6(struct packet *packet, int version)
{
	build_udp6(packet, PORT);
	packet->bytes[packet->l3] = version << 4;
}

static inline void build_udp_length6(struct packet *packet, int length)
{
	build_udp6(packet, PORT);
	((struct udphdr *)(packet->bytes + packet->udp))->len = htons(length);
}

/* UDP-Lite of 26 bytes. @coverage: of its checksum. */
static inline void build_udplite4(struct packet *packet, int coverage)
{
	build_udp_length4(packet, coverage);
	packet->bytes[14 + 9] = IPPROTO_UDPLITE;
}

static inline void build_udplite6(struct packet *packet, int coverage)
{
	build_udp_length6(packet, coverage);
	packet->bytes[14 + 6] = IPPROTO_UDPLITE;
}

static inline void icmp6(struct packet *packet, const char *source, int type, int code,
			 int hop_limit)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, source, IPPROTO_ICMPV6, hop_limit);
	put_icmp(packet, type, code);
	packet_done(packet);
}

static inline void build_nd(struct packet *packet, int type)
{
	icmp6(packet, V6, type, 0, 255);
}

static inline void build_far_nd(struct packet *packet, int type)
{
	icmp6(packet, V6, type, 0, 254);
}

static inline void build_coded_nd(struct packet *packet, int type)
{
	icmp6(packet, V6, type, 1, 255);
}

static inline void build_mld(struct packet *packet, int type)
{
	icmp6(packet, LINK_LOCAL, type, 0, 1);
}

static inline void build_sourceless_mld(struct packet *packet, int type)
{
	icmp6(packet, "::", type, 0, 1);
}

static inline void build_far_mld(struct packet *packet, int type)
{
	icmp6(packet, V6, type, 0, 1);
}

/* The types of the messages are the first bytes. */
static inline void build_igmp(struct packet *packet, int type)
{
	struct iphdr *ip;

	put_ethernet(packet, ETH_P_IP);
	ip = put_ipv4(packet, V4, IPPROTO_IGMP, 4, 0);
	ip->ttl = 1;
	inet_pton(AF_INET, "224.0.0.22", &ip->daddr);
	put_icmp(packet, type, 0);
	packet_done(packet);
}

static inline void build_far_igmp(struct packet *packet, int ttl)
{
	build_igmp(packet, 0x16);
	((struct iphdr *)(packet->bytes + packet->l3))->ttl = ttl;
}

static inline void build_unicast_igmp(struct packet *packet, int type)
{
	build_igmp(packet, type);
	inet_pton(AF_INET, V4, &((struct iphdr *)(packet->bytes + packet->l3))->daddr);
}

/* MLD comes with a router alert option before it (RFC 3810). */
static inline void build_optioned_mld(struct packet *packet, int type)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, LINK_LOCAL, IPPROTO_HOPOPTS, 1);
	put_extension(packet, IPPROTO_HOPOPTS, IPPROTO_ICMPV6, 8);
	put_icmp(packet, type, 0);
	packet_done(packet);
}

static inline void build_fragmented_nd(struct packet *packet, int type)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, V6, IPPROTO_FRAGMENT, 255);
	put_fragment(packet, IPPROTO_ICMPV6, 0, 1);
	put_icmp(packet, type, 0);
	packet_done(packet);
}

static inline void build_mapped6(struct packet *packet, int unused)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, "::ffff:192.0.2.1", IPPROTO_UDP, 64);
	put_udp(packet, PORT, 18);
	packet_done(packet);
}

#endif
