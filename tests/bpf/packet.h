/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds frames layer by layer; lengths are filled in by packet_done(). */
#ifndef TG_TEST_PACKET_H
#define TG_TEST_PACKET_H

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
#include <linux/udp.h>
#include <stdint.h>
#include <string.h>

struct packet {
	uint8_t bytes[4096];
	size_t length;
	size_t l3; /* offsets; 0: none */
	size_t udp;
};

static inline void *put(struct packet *packet, const void *bytes, size_t length)
{
	void *at = packet->bytes + packet->length;

	if (bytes)
		memcpy(at, bytes, length);
	else
		memset(at, 0, length);
	packet->length += length;
	return at;
}

static inline void put_ethernet(struct packet *packet, uint16_t protocol)
{
	struct ethhdr ethernet = {.h_dest = {2, 0, 0, 0, 0, 1}, .h_source = {2, 0, 0, 0, 0, 2}};

	memset(packet, 0, sizeof(*packet));
	ethernet.h_proto = htons(protocol);
	put(packet, &ethernet, sizeof(ethernet));
}

/* The tag's type goes where the last EtherType stands, and that follows the tag. */
static inline void put_vlan(struct packet *packet, uint16_t type)
{
	uint8_t *last = packet->bytes + packet->length - 2, tag[4] = {0, 42};

	memcpy(tag + 2, last, 2);
	*last = type >> 8;
	last[1] = type;
	put(packet, tag, sizeof(tag));
}

static inline struct iphdr *put_ipv4(struct packet *packet, const char *source, uint8_t protocol,
				     size_t options, uint16_t fragment)
{
	struct iphdr *ip;

	packet->l3 = packet->length;
	ip = put(packet, NULL, sizeof(*ip));
	ip->version = 4;
	ip->ihl = 5 + options / 4;
	ip->ttl = 64;
	ip->protocol = protocol;
	ip->frag_off = htons(fragment);
	inet_pton(AF_INET, source, &ip->saddr);
	inet_pton(AF_INET, "203.0.113.1", &ip->daddr);
	memset(put(packet, NULL, options), 1, options);
	return ip;
}

static inline struct ipv6hdr *put_ipv6(struct packet *packet, const char *source, uint8_t next,
				       uint8_t hop_limit)
{
	struct ipv6hdr *ip;

	packet->l3 = packet->length;
	ip = put(packet, NULL, sizeof(*ip));
	ip->version = 6;
	ip->nexthdr = next;
	ip->hop_limit = hop_limit;
	inet_pton(AF_INET6, source, &ip->saddr);
	inet_pton(AF_INET6, "2001:db8:ffff::1", &ip->daddr);
	return ip;
}

/* @size: a multiple of 8; of 4 for AH (51). */
static inline void put_extension(struct packet *packet, uint8_t type, uint8_t next, size_t size)
{
	uint8_t *extension = put(packet, NULL, size);

	extension[0] = next;
	extension[1] = type == 51 ? size / 4 - 2 : size / 8 - 1;
}

static inline void put_fragment(struct packet *packet, uint8_t next, uint16_t offset, int more)
{
	uint8_t *fragment = put(packet, NULL, 8);
	uint16_t field = htons(offset << 3 | more);

	fragment[0] = next;
	memcpy(fragment + 2, &field, 2);
}

static inline void put_udp(struct packet *packet, uint16_t port, size_t payload)
{
	struct udphdr *udp;

	packet->udp = packet->length;
	udp = put(packet, NULL, sizeof(*udp) + payload);
	udp->source = htons(40000);
	udp->dest = htons(port);
	udp->len = htons(sizeof(*udp) + payload);
}

static inline void put_tcp(struct packet *packet, uint16_t port, unsigned int words)
{
	struct tcphdr *tcp = put(packet, NULL, words * 4 < 20 ? 20 : words * 4);

	tcp->source = htons(40000);
	tcp->dest = htons(port);
	tcp->doff = words;
	tcp->syn = 1;
}

static inline void put_icmp(struct packet *packet, uint8_t type, uint8_t code)
{
	uint8_t *icmp = put(packet, NULL, 24);

	icmp[0] = type;
	icmp[1] = code;
}

/* The IP header's length field, unless the case has set its own (then do not call this). */
static inline void packet_done(struct packet *packet)
{
	uint8_t *ip = packet->bytes + packet->l3;

	if (!packet->l3)
		return;
	if (ip[0] >> 4 == 4)
		((struct iphdr *)ip)->tot_len = htons(packet->length - packet->l3);
	else
		((struct ipv6hdr *)ip)->payload_len =
			htons(packet->length - packet->l3 - sizeof(struct ipv6hdr));
}

#endif
