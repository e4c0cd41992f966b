/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Builds, reads and sums frames, for the test of answers; shares nothing with what answers. */
#ifndef TG_TEST_ANSWERS_H
#define TG_TEST_ANSWERS_H

#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <stdbool.h>

#include "packet.h"

static inline uint32_t sum_bytes(const uint8_t *bytes, size_t n, uint32_t sum)
{
	size_t i;

	for (i = 0; i < n; i++)
		sum += bytes[i] << (i % 2 ? 0 : 8);
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* A frame's layers. */
struct layers {
	uint8_t *ip, *data; /* behind IP's headers */
	bool is_ipv4;
	uint8_t protocol;
	size_t length, data_length; /* of the IP packet, of the data */
};

/* Of a frame with @tags and, with IPv6, @extensions bytes of headers, the last of protocol @last.
 */
static inline struct layers layers_of(struct packet *packet, int tags, size_t extensions, int last)
{
	struct layers layers = {.ip = packet->bytes + 14 + 4 * tags};
	size_t header;

	layers.is_ipv4 = layers.ip[0] >> 4 == 4;
	if (layers.is_ipv4) {
		header = (layers.ip[0] & 15) * 4;
		layers.length = layers.ip[2] << 8 | layers.ip[3];
		layers.protocol = layers.ip[9];
	} else {
		header = 40 + extensions;
		layers.length = 40 + (layers.ip[4] << 8 | layers.ip[5]);
		layers.protocol = extensions ? last : layers.ip[6];
	}
	layers.data = layers.ip + header;
	layers.data_length = layers.length - header;
	return layers;
}

static inline uint32_t pseudo_sum(const struct layers *layers)
{
	const uint8_t *addresses = layers->ip + (layers->is_ipv4 ? 12 : 8);

	return sum_bytes(addresses, layers->is_ipv4 ? 8 : 32,
			 layers->protocol + (uint32_t)layers->data_length);
}

static inline uint8_t *check_field(const struct layers *layers)
{
	return layers->data + (layers->protocol == IPPROTO_TCP	 ? 16
			       : layers->protocol == IPPROTO_UDP ? 6
								 : 2);
}

static inline uint32_t transport_sum(const struct layers *layers)
{
	return sum_bytes(layers->data, layers->data_length,
			 layers->protocol == IPPROTO_ICMP ? 0 : pseudo_sum(layers));
}

static inline bool sums_hold(const struct layers *layers)
{
	if (layers->is_ipv4 && sum_bytes(layers->ip, (layers->ip[0] & 15) * 4, 0) != 0xffff)
		return false;
	return transport_sum(layers) == 0xffff;
}

static inline void store16(uint8_t *at, uint32_t value)
{
	at[0] = value >> 8;
	at[1] = value;
}

/* @pending: as a sender leaves it to hardware. */
static inline void fill_sums(struct layers *layers, bool pending)
{
	uint8_t *check = check_field(layers);

	if (layers->is_ipv4) {
		store16(layers->ip + 10, 0);
		store16(layers->ip + 10, ~sum_bytes(layers->ip, (layers->ip[0] & 15) * 4, 0));
	}
	store16(check, 0);
	store16(check, pending ? pseudo_sum(layers) : ~transport_sum(layers));
}

/* What is sent: the protocol's header follows the IP header, then @size bytes. */
struct sent {
	const char *what;
	bool ipv6;
	int protocol, tags;
	size_t options; /* bytes of IPv4 options, or of an IPv6 extension header */
	size_t size;
	uint8_t flags; /* of TCP; type of ICMP; of DNS */
	uint16_t from, to;
	bool pending;
	const char *source;
};

static inline void put_transport(struct packet *packet, const struct sent *sent)
{
	struct tcphdr *tcp;
	uint8_t *dns;

	switch (sent->protocol) {
	case IPPROTO_TCP:
		tcp = put(packet, NULL, sizeof(*tcp) + sent->size);
		tcp->source = htons(sent->from ? sent->from : 40000);
		tcp->dest = htons(sent->to);
		tcp->seq = htonl(0xfffffff0);
		tcp->ack_seq = htonl(0x12345678);
		tcp->doff = 5;
		((uint8_t *)tcp)[13] = sent->flags;
		return;
	case IPPROTO_UDP:
		put_udp(packet, sent->to, sent->size);
		((struct udphdr *)(packet->bytes + packet->udp))->source =
			htons(sent->from ? sent->from : 40000);
		if (sent->size < 12)
			return;
		dns = packet->bytes + packet->udp + 8;
		memset(dns, 0x77, sent->size);
		memcpy(dns, "\x12\x34\0\x10\0\1\0\0\0\0\0\1", 12); /* AD and EDNS */
		dns[2] = sent->flags;
		return;
	default:
		put(packet, NULL, 8 + sent->size);
		packet->bytes[packet->length - 8 - sent->size] = sent->flags;
	}
}

static inline struct layers build(struct packet *packet, const struct sent *sent)
{
	const char *source = sent->source ? sent->source : sent->ipv6 ? "2001:db8::1" : "192.0.2.1";
	struct layers layers;
	int tags = sent->tags;

	put_ethernet(packet, sent->ipv6 ? ETH_P_IPV6 : ETH_P_IP);
	while (tags--)
		put_vlan(packet, tags ? ETH_P_8021AD : ETH_P_8021Q);
	if (!sent->ipv6)
		put_ipv4(packet, source, sent->protocol, sent->options, 0);
	else
		put_ipv6(packet, source, sent->options ? IPPROTO_DSTOPTS : sent->protocol, 64);
	if (sent->ipv6 && sent->options)
		put_extension(packet, IPPROTO_DSTOPTS, sent->protocol, sent->options);
	put_transport(packet, sent);
	packet_done(packet);
	layers = layers_of(packet, sent->tags, sent->ipv6 ? sent->options : 0, sent->protocol);
	fill_sums(&layers, sent->pending);
	return layers;
}

#endif
