// SPDX-License-Identifier: GPL-2.0-or-later
/* Finds the headers of a merged frame, and puts them before each part of its payload. */
#include "replay/merged.h"

#include <arpa/inet.h>
#include <net/ethernet.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <string.h>
#include <tidegate/abi.h>
#include <tidegate/segments.h>

#define VLAN_HEADER   4
#define TCP_FLAGS     13 /* offset in the header */
#define TCP_CWR	      0x80
#define EXTENSION_MIN 8

static uint16_t load16(const uint8_t *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

static void store16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = value >> 8;
	bytes[1] = value;
}

static bool has(const struct tg_frame *frame, uint32_t offset, uint32_t bytes)
{
	return frame->captured >= offset && frame->captured - offset >= bytes;
}

/* Returns the EtherType of what stands at shape->network, 0: not captured. */
static uint16_t find_network(const struct tg_frame *frame, struct tg_merged_shape *shape)
{
	uint16_t type;
	int tags;

	shape->network = sizeof(struct ether_header);
	if (!has(frame, 0, shape->network))
		return 0;
	type = load16(frame->bytes + shape->network - 2);
	for (tags = 0; tags < TG_VLAN_TAGS_MAX && (type == ETHERTYPE_VLAN || type == 0x88a8);
	     tags++) {
		if (!has(frame, shape->network, VLAN_HEADER))
			return 0;
		type = load16(frame->bytes + shape->network + 2);
		shape->network += VLAN_HEADER;
	}
	return type;
}

/* Sets the length that @stated says; 0 stands for all of the frame (BIG TCP). */
static void set_whole(const struct tg_frame *frame, struct tg_merged_shape *shape, uint32_t stated)
{
	shape->whole = stated ? stated : frame->length - shape->network;
}

static bool read_ipv4(const struct tg_frame *frame, struct tg_merged_shape *shape)
{
	const uint8_t *ip = frame->bytes + shape->network;

	if (!has(frame, shape->network, sizeof(struct ip)) || ip[0] >> 4 != 4 ||
	    (ip[0] & 15) * 4 < (int)sizeof(struct ip))
		return false;
	set_whole(frame, shape, load16(ip + 2));
	shape->is_ipv4 = true;
	shape->protocol = ip[9];
	shape->transport = shape->network + (ip[0] & 15) * 4;
	return !(load16(ip + 6) & (IP_MF | IP_OFFMASK));
}

static bool is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS;
}

static bool read_ipv6(const struct tg_frame *frame, struct tg_merged_shape *shape)
{
	const uint8_t *ip = frame->bytes + shape->network, *extension;
	uint32_t stated;
	int i;

	if (!has(frame, shape->network, sizeof(struct ip6_hdr)) || ip[0] >> 4 != 6)
		return false;
	stated = load16(ip + 4);
	set_whole(frame, shape, stated ? stated + sizeof(struct ip6_hdr) : 0);
	shape->protocol = ip[6];
	shape->transport = shape->network + sizeof(struct ip6_hdr);
	for (i = 0; i < TG_IPV6_HEADERS_MAX && is_extension(shape->protocol); i++) {
		if (!has(frame, shape->transport, EXTENSION_MIN))
			return false;
		extension = frame->bytes + shape->transport;
		shape->protocol = extension[0];
		shape->transport += (extension[1] + 1) * 8;
	}
	return shape->protocol != IPPROTO_FRAGMENT && !is_extension(shape->protocol);
}

/* Finds the end of the transport header. What is not known of it is payload. */
static bool read_transport(const struct tg_frame *frame, struct tg_merged_shape *shape)
{
	const uint8_t *header = frame->bytes + shape->transport;
	uint32_t length = 0;

	if (shape->protocol == IPPROTO_TCP) {
		if (!has(frame, shape->transport, sizeof(struct tcphdr)))
			return false;
		length = (header[12] >> 4) * 4;
	} else if (shape->protocol == IPPROTO_UDP) {
		length = sizeof(struct udphdr);
	}
	shape->payload = shape->transport + length;
	return has(frame, shape->transport, length);
}

/* Returns whether the frame holds a whole IP packet whose headers were captured. */
static bool read_shape(const struct tg_frame *frame, struct tg_merged_shape *shape)
{
	uint16_t type;

	*shape = (struct tg_merged_shape){};
	type = find_network(frame, shape);
	if (type != ETHERTYPE_IP && type != ETHERTYPE_IPV6)
		return false;
	if (!(type == ETHERTYPE_IP ? read_ipv4(frame, shape) : read_ipv6(frame, shape)) ||
	    !read_transport(frame, shape))
		return false;
	return shape->whole <= frame->length - shape->network &&
	       shape->payload - shape->network <= shape->whole && shape->payload < TG_FRAME_MOST;
}

/* Returns the bytes of payload in each segment of the frame, 0: it was one packet. */
static uint32_t segment_size(struct tg_merged *merged)
{
	const struct tg_merged_shape *shape = &merged->shape;

	if (merged->frame->tells_segments)
		return merged->frame->segment_size;
	if (shape->whole <= merged->mtu) {
		if (shape->whole >= TG_MTU_LEAST && shape->whole > merged->longest)
			merged->longest = shape->whole;
		return 0;
	}
	return tg_segment_payload(tg_merged_length(merged), shape->payload - shape->network);
}

void tg_merged_take(struct tg_merged *merged, const struct tg_frame *frame)
{
	uint32_t payload, kept = frame->captured < TG_FRAME_MOST ? frame->captured : TG_FRAME_MOST;

	merged->frame = frame;
	merged->n = 1;
	merged->next = 0;
	merged->made = *frame;
	if (!read_shape(frame, &merged->shape))
		return;
	merged->size = segment_size(merged);
	payload = merged->shape.whole - (merged->shape.payload - merged->shape.network);
	if (merged->size)
		merged->n = tg_segments_of(payload, merged->size);
	if (merged->n == 1)
		return;
	merged->frames++;
	merged->segments += merged->n;
	merged->estimated |= !frame->tells_segments;
	if (merged->keep_whole) {
		merged->made.segments = merged->n;
		merged->made.segment_size = merged->size;
		merged->n = 1;
		return;
	}
	memcpy(merged->bytes, frame->bytes, kept);
	merged->made.bytes = merged->bytes;
}

/* Writes what differs from segment to segment: lengths, and the flags of the first and the last. */
static void write_headers(struct tg_merged *merged, uint32_t length)
{
	const struct tg_merged_shape *shape = &merged->shape;
	uint8_t *ip = merged->bytes + shape->network, *transport = merged->bytes + shape->transport;
	uint32_t bytes = length - shape->network;

	if (shape->is_ipv4)
		store16(ip + 2, bytes);
	else
		store16(ip + 4, bytes - sizeof(struct ip6_hdr));
	if (shape->protocol == IPPROTO_UDP)
		store16(transport + 4, length - shape->transport);
	if (shape->protocol != IPPROTO_TCP)
		return;
	transport[TCP_FLAGS] = merged->frame->bytes[shape->transport + TCP_FLAGS];
	if (merged->next)
		transport[TCP_FLAGS] &= ~TCP_CWR;
	if (merged->next + 1 < merged->n)
		transport[TCP_FLAGS] &= ~(TH_FIN | TH_PUSH);
}

const struct tg_frame *tg_merged_next(struct tg_merged *merged)
{
	const struct tg_merged_shape *shape = &merged->shape;
	uint32_t left;

	if (merged->next == merged->n)
		return NULL;
	if (merged->n > 1) {
		left = shape->network + shape->whole - shape->payload - merged->next * merged->size;
		merged->made.length = shape->payload + (left < merged->size ? left : merged->size);
		merged->made.captured = merged->frame->captured < TG_FRAME_MOST
						? merged->frame->captured
						: TG_FRAME_MOST;
		if (merged->made.captured > merged->made.length)
			merged->made.captured = merged->made.length;
		write_headers(merged, merged->made.length);
	}
	merged->next++;
	return &merged->made;
}

uint32_t tg_merged_length(const struct tg_merged *merged)
{
	return merged->longest ? merged->longest : merged->mtu;
}
