/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frames of test_packets.c. Port 53 is limited, port 54 is not; protocol 99 is, and ICMPv6. */
#ifndef TG_TEST_PACKET_CASES_H
#define TG_TEST_PACKET_CASES_H

#include <stdbool.h>
#include <tidegate/abi.h>

#include "packet_builders.h"

struct packet_case {
	const char *what;
	void (*build)(struct packet *packet, int argument);
	int argument;
	enum tg_reason reason;
	bool passes;
	unsigned int ports; /* times charged to the limit on ports */
	size_t padding;	    /* bytes past the IP packet */
};

#define PASS(what, build, argument, reason, ports)                                                 \
	{                                                                                          \
		what, build, argument, TG_REASON_##reason, true, ports, 0                          \
	}
#define DROP(what, build, argument, reason)                                                        \
	{                                                                                          \
		what, build, argument, TG_REASON_##reason, false, 0, 0                             \
	}

static const struct packet_case packet_cases[] = {
	PASS("ARP request", build_arp, 1, ARP, 0),
	PASS("ARP reply", build_arp, 2, ARP, 0),
	PASS("the longest ARP", build_long_arp, 256, ARP, 0),
	PASS("longer ARP", build_long_arp, 257, NOT_IP, 0),
	PASS("ARP of other hardware", build_odd_arp, 1, NOT_IP, 0),
	PASS("ARP of another protocol", build_odd_arp, 2, NOT_IP, 0),
	PASS("ARP with longer hardware addresses", build_odd_arp, 4, NOT_IP, 0),
	PASS("ARP with longer addresses", build_odd_arp, 5, NOT_IP, 0),
	PASS("another operation of ARP", build_arp, 3, NOT_IP, 0),
	PASS("no ARP, but zeros", build_ethertype, ETH_P_ARP, NOT_IP, 0),
	PASS("LLDP", build_ethertype, 0x88cc, NOT_IP, 0),
	PASS("802.3 length", build_ethertype, 46, NOT_IP, 0),
	PASS("an unknown EtherType", build_ethertype, 0xffff, NOT_IP, 0),
	PASS("ARP in a VLAN", build_tagged_arp, ETH_P_8021Q, ARP, 0),
	PASS("IPv4 UDP, limited port", build_udp4, PORT, ADMITTED, 1),
	PASS("IPv4 UDP, other port", build_udp4, 54, UNLIMITED, 0),
	PASS("first port of a range", build_udp4, 8000, ADMITTED, 1),
	PASS("last port of a range", build_udp4, 8010, ADMITTED, 1),
	PASS("before a range", build_udp4, 7999, UNLIMITED, 0),
	PASS("after a range", build_udp4, 8011, UNLIMITED, 0),
	PASS("port 0", build_udp4, 0, UNLIMITED, 0),
	PASS("port 65535", build_udp4, 65535, UNLIMITED, 0),
	PASS("IPv4, 4 bytes of options", build_options4, 4, ADMITTED, 1),
	PASS("IPv4, 20 bytes of options", build_options4, 20, ADMITTED, 1),
	PASS("IPv4, 40 bytes of options", build_options4, 40, ADMITTED, 1),
	PASS("IPv4 ICMP", build_protocol4, IPPROTO_ICMP, UNLIMITED, 0),
	PASS("IPv4 GRE", build_protocol4, 47, UNLIMITED, 0),
	PASS("IPv4 ESP", build_protocol4, 50, UNLIMITED, 0),
	PASS("IPv4 protocol 99, limited", build_protocol4, 99, ADMITTED, 0),
	PASS("IPv4 protocol 255", build_protocol4, 255, UNLIMITED, 0),
	PASS("IPv4 TCP", build_tcp4, 5, ADMITTED, 1),
	PASS("IPv4 TCP with all options", build_tcp4, 15, ADMITTED, 1),
	PASS("IPv4 SCTP", build_sctp4, PORT, ADMITTED, 1),
	PASS("IPv4 SCTP, other port", build_sctp4, 54, UNLIMITED, 0),
	{"IPv4 with padding", build_padded4, 14, TG_REASON_ADMITTED, true, 1, 14},
	PASS("first IPv4 fragment", build_fragment4, 0x2000, ADMITTED, 1),
	PASS("IPv4 don't fragment", build_fragment4, 0x4000, ADMITTED, 1),
	PASS("later IPv4 fragment: any port", build_later_fragment4, IPPROTO_UDP, ADMITTED, 1),
	PASS("later IPv4 fragment of ICMP", build_later_fragment4, IPPROTO_ICMP, UNLIMITED, 0),
	PASS("one VLAN tag", build_tags, 1, ADMITTED, 1),
	PASS("QinQ", build_tags, 2, ADMITTED, 1),
	PASS("IPv6 in 802.1Q", build_tagged6, ETH_P_8021Q, ADMITTED, 1),
	PASS("IPv6 in 802.1ad", build_tagged6, ETH_P_8021AD, ADMITTED, 1),
	PASS("IPv6 UDP, limited port", build_udp6, PORT, ADMITTED, 1),
	PASS("IPv6 UDP, other port", build_udp6, 54, UNLIMITED, 0),
	PASS("IPv6 TCP", build_tcp6, 5, ADMITTED, 1),
	PASS("IPv6 TCP with options", build_tcp6, 10, ADMITTED, 1),
	PASS("IPv6 ICMPv6 echo, limited", build_protocol6, IPPROTO_ICMPV6, ADMITTED, 0),
	PASS("IPv6 ESP", build_protocol6, 50, UNLIMITED, 0),
	PASS("IPv6 no next header", build_protocol6, 59, UNLIMITED, 0),
	PASS("IPv6 hop-by-hop options", build_extension6, IPPROTO_HOPOPTS, ADMITTED, 1),
	PASS("IPv6 routing header", build_extension6, IPPROTO_ROUTING, ADMITTED, 1),
	PASS("IPv6 destination options", build_extension6, IPPROTO_DSTOPTS, ADMITTED, 1),
	PASS("IPv6 authentication header", build_extension6, 51, ADMITTED, 1),
	PASS("IPv6 mobility header", build_extension6, 135, ADMITTED, 1),
	PASS("IPv6 HIP", build_extension6, 139, ADMITTED, 1),
	PASS("IPv6 Shim6", build_extension6, 140, ADMITTED, 1),
	PASS("IPv6, 2 extension headers", build_chain6, 2, ADMITTED, 1),
	PASS("IPv6, 8 extension headers", build_chain6, 8, ADMITTED, 1),
	PASS("IPv6, a 1 KiB extension header", build_long_extension6, 1024, ADMITTED, 1),
	PASS("IPv6, the longest extension header", build_long_extension6, 2048, ADMITTED, 1),
	PASS("first IPv6 fragment", build_fragment6, 1, ADMITTED, 1),
	PASS("atomic IPv6 fragment", build_fragment6, 0, ADMITTED, 1),
	PASS("later IPv6 fragment: any port", build_fragment6, 5, ADMITTED, 1),
	PASS("last IPv6 fragment", build_fragment6, 4, ADMITTED, 1),
	PASS("later fragment behind options: any protocol", build_hiding_fragment6, 60, ADMITTED,
	     1),
	PASS("later fragment behind routing", build_hiding_fragment6, 43, ADMITTED, 1),
	PASS("later fragment, as if of ESP", build_hiding_fragment6, 50, ADMITTED, 1),
	PASS("later fragment, as if of nothing", build_hiding_fragment6, 59, ADMITTED, 1),
	PASS("later TCP fragment behind the header", build_overlapping_fragment4, 3, ADMITTED, 1),
	PASS("router solicitation", build_nd, 133, NEIGHBOUR_DISCOVERY, 0),
	PASS("router advertisement", build_nd, 134, NEIGHBOUR_DISCOVERY, 0),
	PASS("neighbour solicitation", build_nd, 135, NEIGHBOUR_DISCOVERY, 0),
	PASS("neighbour advertisement", build_nd, 136, NEIGHBOUR_DISCOVERY, 0),
	PASS("redirect", build_nd, 137, NEIGHBOUR_DISCOVERY, 0),
	PASS("neighbour solicitation from afar", build_far_nd, 135, ADMITTED, 0),
	PASS("neighbour solicitation with a code", build_coded_nd, 135, ADMITTED, 0),
	PASS("fragmented neighbour solicitation", build_fragmented_nd, 135, ADMITTED, 0),
	PASS("echo with hop limit 255", build_nd, 128, ADMITTED, 0),
	PASS("MLD query", build_mld, 130, MLD, 0),
	PASS("MLD report", build_mld, 131, MLD, 0),
	PASS("MLD done", build_mld, 132, MLD, 0),
	PASS("MLDv2 report", build_mld, 143, MLD, 0),
	PASS("MLDv2 report from no address", build_sourceless_mld, 143, MLD, 0),
	PASS("MLD with router alert", build_optioned_mld, 143, MLD, 0),
	PASS("MLD from a global address", build_far_mld, 130, ADMITTED, 0),
	PASS("IPv6 UDP length 0, the rest of the packet", build_udp_length6, 0, ADMITTED, 1),
	PASS("UDP-Lite, coverage 0, the whole packet", build_udplite4, 0, UNLIMITED, 0),
	PASS("UDP-Lite, the header alone", build_udplite4, 8, UNLIMITED, 0),
	PASS("UDP-Lite, just all of it", build_udplite4, 26, UNLIMITED, 0),
	PASS("IPv6 UDP-Lite, coverage 0", build_udplite6, 0, UNLIMITED, 0),
	DROP("UDP-Lite, less than the header", build_udplite4, 7, MALFORMED_TRANSPORT),
	DROP("UDP-Lite, more than there is", build_udplite4, 27, MALFORMED_TRANSPORT),
	DROP("IPv6 UDP-Lite, less than the header", build_udplite6, 1, MALFORMED_TRANSPORT),
	DROP("IPv6 UDP-Lite, more than there is", build_udplite6, 27, MALFORMED_TRANSPORT),
	PASS("IGMP query", build_igmp, 0x11, IGMP, 0),
	PASS("IGMPv1 report", build_igmp, 0x12, IGMP, 0),
	PASS("IGMPv2 report", build_igmp, 0x16, IGMP, 0),
	PASS("IGMP leave", build_igmp, 0x17, IGMP, 0),
	PASS("IGMPv3 report", build_igmp, 0x22, IGMP, 0),
	PASS("another type of IGMP", build_igmp, 0x13, UNLIMITED, 0),
	PASS("IGMP with hops left", build_far_igmp, 2, UNLIMITED, 0),
	PASS("IGMP to one host", build_unicast_igmp, 0x11, UNLIMITED, 0),
	DROP("three tags", build_tags, 3, VLAN_DEPTH),
	DROP("half a tag", build_half_tag, 2, TRUNCATED_ETHERNET),
	DROP("a tag of 3 bytes", build_half_tag, 3, TRUNCATED_ETHERNET),
	DROP("IPv4 header length 0", build_first_byte4, 0x40, MALFORMED_IPV4),
	DROP("IPv4 header length 4", build_first_byte4, 0x44, MALFORMED_IPV4),
	DROP("IPv4 version 6", build_first_byte4, 0x65, MALFORMED_IPV4),
	DROP("IPv4 header longer than the packet", build_first_byte4, 0x4f, MALFORMED_IPV4),
	DROP("IPv4 total length beyond the frame", build_total4, 1, TRUNCATED_IPV4),
	DROP("IPv4 total length 65535", build_total4_exactly, 65535, TRUNCATED_IPV4),
	DROP("IPv4 total length 0", build_total4_exactly, 0, MALFORMED_IPV4),
	DROP("IPv4 total length 19", build_total4_exactly, 19, MALFORMED_IPV4),
	DROP("IPv4 total length without transport", build_total4_exactly, 20, TRUNCATED_TRANSPORT),
	DROP("IPv4 UDP of 7 bytes and padding", build_short4, IPPROTO_UDP, TRUNCATED_TRANSPORT),
	DROP("IPv4 TCP of 7 bytes and padding", build_short4, IPPROTO_TCP, TRUNCATED_TRANSPORT),
	DROP("IPv4 ICMP of 7 bytes and padding", build_short4, IPPROTO_ICMP, TRUNCATED_TRANSPORT),
	DROP("IPv4 SCTP of 7 bytes and padding", build_short4, IPPROTO_SCTP, TRUNCATED_TRANSPORT),
	DROP("TCP offset 4", build_tcp4, 4, MALFORMED_TRANSPORT),
	DROP("TCP offset 0", build_tcp4, 0, MALFORMED_TRANSPORT),
	DROP("TCP options beyond the packet", build_tcp4_beyond, 6, TRUNCATED_TRANSPORT),
	DROP("tiny TCP fragment", build_tiny_fragment4, 8, TRUNCATED_TRANSPORT),
	DROP("TCP fragment over the flags", build_overlapping_fragment4, 1, TRUNCATED_TRANSPORT),
	DROP("empty first fragment", build_tiny_fragment4, 0, TRUNCATED_TRANSPORT),
	DROP("UDP length 0", build_udp_length4, 0, MALFORMED_TRANSPORT),
	DROP("UDP length 7", build_udp_length4, 7, MALFORMED_TRANSPORT),
	DROP("UDP length beyond the packet", build_udp_length4, 27, MALFORMED_TRANSPORT),
	DROP("IPv6 version 4", build_version6, 4, MALFORMED_IPV6),
	DROP("IPv6 payload beyond the frame", build_payload6, 1, TRUNCATED_IPV6),
	DROP("IPv6 payload 0 but UDP", build_payload6, -26, TRUNCATED_TRANSPORT),
	DROP("IPv6 jumbogram", build_jumbogram, 0, MALFORMED_IPV6),
	DROP("IPv6, 9 extension headers", build_chain6, 9, IPV6_CHAIN),
	DROP("IPv6, 30 extension headers", build_chain6, 30, IPV6_CHAIN),
	DROP("IPv6 extension beyond the packet", build_extension_beyond6, 255, TRUNCATED_IPV6),
	DROP("IPv6 extension up to the end", build_extension_beyond6, 4, TRUNCATED_TRANSPORT),
	DROP("IPv6 UDP length 7", build_udp_length6, 7, MALFORMED_TRANSPORT),
	DROP("IPv6 UDP length beyond", build_udp_length6, 27, MALFORMED_TRANSPORT),
	DROP("IPv6 TCP offset 4", build_tcp6, 4, MALFORMED_TRANSPORT),
	DROP("IPv4-mapped source", build_mapped6, 0, MAPPED_ADDRESS),
};

#define PACKET_CASES (sizeof(packet_cases) / sizeof(packet_cases[0]))

#endif
