// SPDX-License-Identifier: GPL-2.0-or-later
/* Frames that GSO or GRO has merged, cut up again: headers, lengths, flags and the estimate. */
#include <net/ethernet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "replay/merged.h"
#include "test.h"

enum kind { TCP4, TCP4_TAGS, TCP6, TCP6_OPTIONS, UDP4, UDP6, OTHER4, KINDS };

/* Headers, and offsets among them. */
struct packet {
	uint8_t bytes[200];
	uint32_t l3, transport, length;
};

static uint16_t load16(const uint8_t *bytes)
{
	return bytes[0] << 8 | bytes[1];
}

static void store16(uint8_t *bytes, uint32_t value)
{
	bytes[0] = value >> 8;
	bytes[1] = value;
}

static uint8_t protocol_of(enum kind kind)
{
	return kind == OTHER4 ? 47 : kind == UDP4 || kind == UDP6 ? IPPROTO_UDP : IPPROTO_TCP;
}

static void put_ip(struct packet *packet, enum kind kind)
{
	uint8_t *ip = packet->bytes + packet->l3;

	if (kind == TCP6 || kind == TCP6_OPTIONS || kind == UDP6) {
		ip[0] = 0x60;
		ip[6] = kind == TCP6_OPTIONS ? IPPROTO_DSTOPTS : protocol_of(kind);
		ip[40] = IPPROTO_TCP; /* of the options, which are 24 bytes */
		ip[41] = 2;
		packet->transport = packet->l3 + (kind == TCP6_OPTIONS ? 64 : 40);
		return;
	}
	ip[0] = kind == TCP4 ? 0x46 : 0x45;
	ip[9] = protocol_of(kind);
	packet->transport = packet->l3 + (kind == TCP4 ? 24 : 20);
}

/* Builds the headers of @payload bytes that follow, and returns their length. */
static uint32_t build(struct packet *packet, enum kind kind, uint32_t payload)
{
	bool v6 = kind == TCP6 || kind == TCP6_OPTIONS || kind == UDP6;
	uint32_t length;

	memset(packet, 0, sizeof(*packet));
	packet->l3 = ETHER_HDR_LEN;
	if (kind == TCP4_TAGS) {
		store16(packet->bytes + 12, 0x88a8);
		store16(packet->bytes + 16, ETHERTYPE_VLAN);
		packet->l3 += 8;
	}
	store16(packet->bytes + packet->l3 - 2, v6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
	put_ip(packet, kind);
	packet->length = packet->transport;
	if (protocol_of(kind) == IPPROTO_TCP) {
		packet->bytes[packet->transport + 12] = 7 << 4; /* with 8 bytes of options */
		packet->length += 28;
	} else if (protocol_of(kind) == IPPROTO_UDP) {
		packet->length += 8;
		store16(packet->bytes + packet->transport + 4, 8 + payload);
	}
	length = packet->length - packet->l3 + payload;
	store16(packet->bytes + packet->l3 + (v6 ? 4 : 2), v6 ? length - 40 : length);
	return packet->length;
}

static uint32_t length_of(const struct packet *packet, const uint8_t *bytes)
{
	const uint8_t *ip = bytes + packet->l3;

	return ip[0] >> 4 == 4 ? load16(ip + 2) : load16(ip + 4) + 40U;
}

/* Checks that all segments but the last fill @mtu, and that together they carry @payload. */
static void check_cut(struct tg_merged *merged, enum kind kind, uint32_t payload, uint32_t mtu)
{
	struct packet packet;
	uint32_t headers = build(&packet, kind, payload), n = 0, carried = 0;
	uint32_t size = mtu - (headers - packet.l3), expected = (payload + size - 1) / size;
	struct tg_frame frame = {.time = 7,
				 .bytes = packet.bytes,
				 .captured = packet.length + 100,
				 .length = headers + payload};
	const struct tg_frame *sent;

	tg_merged_take(merged, &frame);
	while ((sent = tg_merged_next(merged))) {
		n++;
		carried += sent->length - headers;
		CHECK(sent->time == 7 && sent->captured <= sent->length, "%d: %u of %u", kind,
		      sent->captured, sent->length);
		CHECK(n == expected || sent->length == headers + size, "%d: %u of %u is %u", kind,
		      n, expected, sent->length);
		CHECK(length_of(&packet, sent->bytes) == sent->length - packet.l3,
		      "%d: its IP header says %u", kind, length_of(&packet, sent->bytes));
		CHECK((kind != UDP4 && kind != UDP6) ||
			      load16(sent->bytes + packet.transport + 4) ==
				      sent->length - packet.transport,
		      "%d: the datagram's length", kind);
	}
	CHECK(n == expected && carried == payload, "%d, %u bytes: %u packets of %u, %u bytes", kind,
	      payload, n, expected, carried);
}

TEST(cut_up)
{
	static const uint32_t payloads[] = {1, 1300, 1500, 2896, 2897, 14480, 63000};
	enum kind kind;
	size_t i;

	for (kind = 0; kind < KINDS; kind++) {
		struct tg_merged merged = {.mtu = 1500};

		for (i = 1; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
			merged.longest = 0;
			check_cut(&merged, kind, payloads[i], 1500);
		}
		CHECK(merged.estimated && merged.frames >= 4, "%d: %llu counted", kind,
		      (unsigned long long)merged.frames);
	}
}

static uint32_t count(struct tg_merged *merged, const struct tg_frame *frame)
{
	uint32_t n = 0;

	tg_merged_take(merged, frame);
	while (tg_merged_next(merged))
		n++;
	return n;
}

static uint32_t count_of(struct tg_merged *merged, enum kind kind, uint32_t ip_length)
{
	struct packet packet;
	struct tg_frame frame = {.bytes = packet.bytes};
	uint32_t headers = build(&packet, kind, 0);

	build(&packet, kind, ip_length - (headers - packet.l3));
	frame.captured = headers;
	frame.length = packet.l3 + ip_length;
	return count(merged, &frame);
}

/* Segments are as long as the longest packet that came by itself, if that is as long as an MTU. */
TEST(longest_segment)
{
	struct tg_merged merged = {.mtu = 1500};

	CHECK(count_of(&merged, UDP4, 28 + 4 * 1472) == 4 && tg_merged_length(&merged) == 1500,
	      "nothing else is known");
	CHECK(count_of(&merged, UDP4, 1279) == 1 && tg_merged_length(&merged) == 1500,
	      "a short packet says nothing");
	CHECK(count_of(&merged, UDP4, 1400) == 1 && tg_merged_length(&merged) == 1400, "%u",
	      tg_merged_length(&merged));
	CHECK(count_of(&merged, UDP4, 28 + 4 * 1372) == 4, "by 1400");
	CHECK(count_of(&merged, UDP4, 1300) == 1 && tg_merged_length(&merged) == 1400,
	      "the longest counts");
	merged = (struct tg_merged){.mtu = 9000};
	CHECK(count_of(&merged, UDP4, 9000) == 1 && count_of(&merged, UDP4, 9001) == 2, "jumbo");
}

/* The kernel's word beats every estimate. */
TEST(told)
{
	struct tg_merged merged = {.mtu = 1500};
	struct packet packet;
	struct tg_frame frame = {.bytes = packet.bytes, .tells_segments = true};

	frame.captured = build(&packet, UDP4, 1000);
	frame.length = frame.captured + 1000;
	frame.segment_size = 100;
	CHECK(count(&merged, &frame) == 10 && merged.segments == 10, "10 of 100 bytes");
	frame.captured = build(&packet, UDP4, 8000);
	frame.length = frame.captured + 8000;
	frame.segment_size = 0;
	CHECK(count(&merged, &frame) == 1 && !merged.longest && !merged.estimated, "one of 8000");
}

TEST(kept_whole)
{
	struct tg_merged merged = {.mtu = 1500, .keep_whole = true};
	struct packet packet;
	struct tg_frame frame = {.bytes = packet.bytes};
	const struct tg_frame *sent;

	frame.captured = build(&packet, TCP4, 3 * 1448);
	frame.length = frame.captured + 3 * 1448;
	tg_merged_take(&merged, &frame);
	sent = tg_merged_next(&merged);
	CHECK(sent && sent->segments == 3 && sent->segment_size == 1500 - 24 - 28 &&
		      sent->bytes == packet.bytes && sent->length == frame.length,
	      "the frame, and what it was");
	CHECK(!tg_merged_next(&merged), "once");
}

/* FIN and PSH are the last one's, CWR the first one's. */
TEST(flags)
{
	static const uint8_t expected[] = {0x90, 0x10, 0x19};
	struct tg_merged merged = {.mtu = 1500};
	struct packet packet;
	struct tg_frame frame = {.bytes = packet.bytes};
	const struct tg_frame *sent;
	uint32_t i, at;

	frame.captured = build(&packet, TCP6, 3 * 1400);
	frame.length = frame.captured + 3 * 1400;
	at = packet.l3 + 40 + 13;
	packet.bytes[at] = 0x99; /* CWR, ACK, PSH, FIN */
	tg_merged_take(&merged, &frame);
	for (i = 0; (sent = tg_merged_next(&merged)) && i < 3; i++)
		CHECK(sent->bytes[at] == expected[i], "%u: %x", i, sent->bytes[at]);
	CHECK(i == 3 && packet.bytes[at] == 0x99, "three, and the capture's own is as it was");
}

/* What is no whole IP packet, or lacks a header, stays as it is, wherever it was cut off. */
TEST(left_alone)
{
	struct tg_merged merged = {.mtu = 1500};
	struct packet packet;
	struct tg_frame frame = {.length = 60000};
	uint8_t *exact;
	uint32_t headers;
	enum kind kind;

	for (kind = 0; kind < KINDS; kind++) {
		headers = build(&packet, kind, 50000);
		for (frame.captured = 0; frame.captured < headers; frame.captured++) {
			exact = malloc(frame.captured ? frame.captured : 1);
			memcpy(exact, packet.bytes, frame.captured);
			frame.bytes = exact;
			CHECK(count(&merged, &frame) == 1, "%d: cut at %u", kind, frame.captured);
			free(exact);
		}
	}
	frame.bytes = packet.bytes;
	frame.captured = build(&packet, UDP4, 60000); /* more than there is */
	frame.length = 30000;
	CHECK(count(&merged, &frame) == 1, "truncated");
	frame.captured = build(&packet, UDP4, 29000);
	packet.bytes[packet.l3 + 6] = 0x20;
	CHECK(count(&merged, &frame) == 1, "a fragment");
	store16(packet.bytes + 12, ETHERTYPE_ARP);
	frame.captured = 100;
	CHECK(count(&merged, &frame) == 1 && !merged.frames, "no IP");
}

TEST_MAIN(RUN(cut_up), RUN(longest_segment), RUN(told), RUN(kept_whole), RUN(flags),
	  RUN(left_alone))
