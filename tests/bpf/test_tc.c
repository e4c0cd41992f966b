// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs at TC: the same pipeline as at XDP. At both: packets that are several on the wire.
 */
#include "fixture.h"
#include "packet_cases.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

/* As test_packets.c has it. */
static const char ports[] =
	"limits:\n"
	" - {name: ports, match: {protocol: [udp, tcp, sctp], destination_port: [53, 8000-8010]}, capacity: 1000000, rate: 1/s}\n"
	" - {name: icmp6, match: {protocol: icmpv6}, capacity: 1000000, rate: 1/s}\n"
	" - {name: other, match: {protocol: 99}, capacity: 1000000, rate: 1/s}\n";

static void check_like_xdp(struct fixture *f, enum tg_hook hook, const struct packet_case *row)
{
	struct tg_interface_counters before = reasons_at(f, hook), after;
	struct outcome outcome;
	struct packet packet;

	row->build(&packet, row->argument);
	if (!run_at(f, hook, &packet, NULL, &outcome)) {
		CHECK(packet.length < 14, "%s: the runner refused it", row->what);
		return;
	}
	after = reasons_at(f, hook);
	CHECK(passed(hook, &outcome) == row->passes, "%s at %d: verdict %d", row->what, hook,
	      outcome.verdict);
	CHECK(row->passes || outcome.verdict == TC_ACT_SHOT, "%s: shot", row->what);
	CHECK(after.packets[row->reason] == before.packets[row->reason] + 1,
	      "%s at %d: not counted under its reason", row->what, hook);
	CHECK(outcome.packet.length == packet.length &&
		      memcmp(outcome.packet.bytes, packet.bytes, packet.length) == 0,
	      "%s at %d: not touched", row->what, hook);
}

/* Every frame of the table leaves for the same reason as at XDP, on both hooks. */
TEST(test_like_xdp)
{
	FIXTURE f;
	size_t i;

	if (!fixture_open_at(&f, "tc-ingress, tc-egress", ports))
		return;
	for (i = 0; i < PACKET_CASES; i++) {
		check_like_xdp(&f, TG_HOOK_TC_INGRESS, &packet_cases[i]);
		check_like_xdp(&f, TG_HOOK_TC_EGRESS, &packet_cases[i]);
	}
}

/* A source is the same one at every hook. */
TEST(test_shared)
{
	struct outcome outcome;
	struct packet packet;
	int hook, i, n = 0;
	FIXTURE f;

	if (!fixture_open_at(&f, "xdp, tc-ingress, tc-egress",
			     "limits: [{name: l, capacity: 9, rate: 1/s}]"))
		return;
	udp_from(&packet, "192.0.2.1", 1);
	for (hook = 0; hook < TG_HOOKS; hook++)
		for (i = 0; i < 3; i++)
			n += run_at(&f, hook, &packet, NULL, &outcome) && passed(hook, &outcome);
	CHECK(n == 9, "%d of 9", n);
	for (hook = 0; hook < TG_HOOKS; hook++)
		CHECK(run_at(&f, hook, &packet, NULL, &outcome) && !passed(hook, &outcome),
		      "hook %d admits a tenth", hook);
	for (hook = 0; hook < TG_HOOKS; hook++)
		CHECK(reasons_at(&f, hook).packets[TG_REASON_ADMITTED] == 3 &&
			      reasons_at(&f, hook).packets[TG_REASON_LIMIT] == 1,
		      "counted at hook %d", hook);
}

/* A packet of GSO: its headers as @kind has them, then payload to cut up. */
enum kind { TCP4, TCP4_TAG, TCP6, TCP6_OPTIONS, UDP4, UDP6, KINDS };

static size_t build_gso(struct packet *packet, enum kind kind, size_t payload)
{
	bool v6 = kind == TCP6 || kind == TCP6_OPTIONS || kind == UDP6;
	bool udp = kind == UDP4 || kind == UDP6;
	size_t headers;

	put_ethernet(packet, v6 ? ETH_P_IPV6 : ETH_P_IP);
	if (kind == TCP4_TAG)
		put_vlan(packet, ETH_P_8021Q);
	if (!v6)
		put_ipv4(packet, "192.0.2.1", udp ? IPPROTO_UDP : IPPROTO_TCP, 0, 0);
	else
		put_ipv6(packet, "2001:db8::1",
			 kind == TCP6_OPTIONS ? 60
			 : udp		      ? IPPROTO_UDP
					      : IPPROTO_TCP,
			 64);
	if (kind == TCP6_OPTIONS)
		put_extension(packet, 60, IPPROTO_TCP, 24);
	if (udp)
		put_udp(packet, 53, 0);
	else
		put_tcp(packet, 53, 8);
	if (!udp)
		packet->bytes[packet->length - 32 + 13] = 16; /* an ACK */
	headers = packet->length;
	put(packet, NULL, payload);
	packet_done(packet);
	return headers;
}

/* What the wire would see, added up segment by segment. */
static size_t wire_bytes(size_t headers, size_t payload, size_t gso_size, size_t *segments)
{
	size_t bytes = 0;

	for (*segments = 0; payload; ++*segments) {
		bytes += headers + (payload < gso_size ? payload : gso_size);
		payload -= payload < gso_size ? payload : gso_size;
	}
	return bytes;
}

static void check_gso(struct fixture *f, enum tg_hook hook, enum kind kind, size_t payload,
		      size_t gso_size, bool counted)
{
	struct __sk_buff skb = {.gso_size = gso_size};
	struct tg_limit_counters before = limit_counters(f, 0), after;
	struct tg_interface_counters seen = reasons_at(f, hook);
	struct outcome outcome;
	struct packet packet;
	size_t headers = build_gso(&packet, kind, payload), bytes, segments;

	bytes = wire_bytes(headers, payload, gso_size, &segments);
	if (counted)
		skb.gso_segs = segments;
	CHECK(run_at(f, hook, &packet, &skb, &outcome) && passed(hook, &outcome), "passes");
	after = limit_counters(f, 0);
	CHECK(after.packets[0] - before.packets[0] == segments,
	      "kind %d, %zu by %zu: %llu packets, wanted %zu", kind, payload, gso_size,
	      after.packets[0] - before.packets[0], segments);
	CHECK(after.bytes[0] - before.bytes[0] == bytes,
	      "kind %d, %zu by %zu: %llu bytes, wanted %zu", kind, payload, gso_size,
	      after.bytes[0] - before.bytes[0], bytes);
	CHECK(reasons_at(f, hook).packets[TG_REASON_ADMITTED] - seen.packets[TG_REASON_ADMITTED] ==
		      segments,
	      "the interface counts them too");
}

TEST(test_segments)
{
	static const size_t payloads[] = {1, 99, 100, 101, 199, 200, 201, 1000, 2999, 3000};
	int kind, hook;
	FIXTURE f;
	size_t i;

	if (!fixture_open_at(&f, "tc-ingress, tc-egress",
			     "limits: [{name: l, unit: bytes, capacity: 1GB, rate: 1MB/s}]"))
		return;
	for (i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
		for (kind = 0; kind < KINDS; kind++) {
			for (hook = TG_HOOK_TC_INGRESS; hook < TG_HOOKS; hook++) {
				check_gso(&f, hook, kind, payloads[i], 100, true);
				check_gso(&f, hook, kind, payloads[i], 100, false);
				check_gso(&f, hook, kind, payloads[i], 1448, false);
			}
		}
	}
}

/* Bytes of payload in a segment that fills an MTU. */
static size_t filling(enum kind kind, size_t mtu)
{
	struct packet packet;
	size_t headers = build_gso(&packet, kind, 0);

	return mtu - (headers - packet.l3);
}

static void check_by_length(struct fixture *f, enum kind kind, size_t mtu)
{
	size_t size = filling(kind, mtu), n;

	f->skeleton->bss->virtual_mtu = mtu;
	for (n = 1; (n + 1) * size < 3800; n++) {
		check_gso(f, TG_HOOK_XDP, kind, n * size - 1, size, true);
		check_gso(f, TG_HOOK_XDP, kind, n * size, size, true);
		check_gso(f, TG_HOOK_XDP, kind, n * size + 1, size, true);
	}
}

/* At XDP nobody tells: what is longer than the MTU is so many packets that fill it. */
TEST(test_segments_by_length)
{
	int kind;
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, unit: bytes, capacity: 1GB, rate: 1MB/s}]"))
		return;
	for (kind = 0; kind < KINDS; kind++) {
		check_by_length(&f, kind, 1500);
		check_by_length(&f, kind, 1700);
	}
	f.skeleton->bss->virtual_mtu = 9000;
	check_gso(&f, TG_HOOK_XDP, TCP4, 3500, 9000, true);
	f.skeleton->bss->virtual_mtu = 576; /* up to Ethernet's MTU a packet is taken for one */
	check_gso(&f, TG_HOOK_XDP, UDP4, 1472, 1472, true);
	f.skeleton->bss->virtual_mtu = 0; /* not known */
	check_gso(&f, TG_HOOK_XDP, UDP4, 3500, 9000, true);
}

/* Of 64 KiB, and of more, whose length no header has: all segments or none. */
TEST(test_many_segments_by_length)
{
	static const uint32_t lengths[] = {14 + 20 + 32 + 44 * 1448, 14 + 20 + 32 + 130 * 1448};
	struct outcome outcome;
	struct packet packet;
	size_t i;
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 200, rate: 1/s}]"))
		return;
	f.skeleton->bss->virtual_mtu = 1500;
	build_gso(&packet, TCP4, 2000);
	for (i = 0; i < 2; i++) {
		f.skeleton->bss->virtual_length = lengths[i];
		((struct iphdr *)(packet.bytes + packet.l3))->tot_len =
			htons(lengths[i] < 65536 ? lengths[i] - 14 : 0);
		CHECK(run_at(&f, TG_HOOK_XDP, &packet, NULL, &outcome) &&
			      passed(TG_HOOK_XDP, &outcome),
		      "%u bytes pass", lengths[i]);
	}
	CHECK(limit_counters(&f, 0).packets[0] == 44 + 130, "%llu packets",
	      limit_counters(&f, 0).packets[0]);
	CHECK(run_at(&f, TG_HOOK_XDP, &packet, NULL, &outcome) && !passed(TG_HOOK_XDP, &outcome),
	      "130 of 26");
	CHECK(limit_counters(&f, 0).packets[TG_VERDICT_DROPPED] == 130 &&
		      reasons(&f).packets[TG_REASON_LIMIT] == 130,
	      "refused as so many");
}

static bool send_gso(struct fixture *f, enum kind kind, size_t payload, size_t gso_size,
		     struct outcome *outcome)
{
	struct __sk_buff skb = {.gso_size = gso_size};
	struct packet packet;

	build_gso(&packet, kind, payload);
	return run_at(f, TG_HOOK_TC_EGRESS, &packet, &skb, outcome) &&
	       passed(TG_HOOK_TC_EGRESS, outcome);
}

/* All segments or none. What is more than the bucket ever holds never passes. */
TEST(test_segments_charged)
{
	struct outcome outcome;
	FIXTURE f;

	if (!fixture_open_at(&f, "tc-egress", "limits: [{name: l, capacity: 10, rate: 1/s}]"))
		return;
	CHECK(!send_gso(&f, TCP4, 1100, 100, &outcome), "11 of 10");
	CHECK(send_gso(&f, TCP4, 600, 100, &outcome), "6 of 10");
	CHECK(!send_gso(&f, TCP4, 500, 100, &outcome), "5 of 4");
	CHECK(send_gso(&f, TCP4, 400, 100, &outcome), "4 of 4");
	CHECK(!send_gso(&f, TCP4, 100, 100, &outcome), "1 of 0");
	set_now(&f, 2000 * S);
	CHECK(!send_gso(&f, TCP4, 1100, 100, &outcome), "11 of 10, though it is full");
	CHECK(limit_counters(&f, 0).packets[TG_VERDICT_DROPPED] == 11 + 5 + 1 + 11, "%llu dropped",
	      limit_counters(&f, 0).packets[TG_VERDICT_DROPPED]);
	CHECK(reasons_at(&f, TG_HOOK_TC_EGRESS).packets[TG_REASON_LIMIT] == 28, "counted");
}

/* A limit that has packets wait has such wait too, the first of a source as any other. */
TEST(test_segments_delayed)
{
	struct outcome outcome;
	FIXTURE f;

	if (!fixture_open_at(&f, "tc-egress",
			     "limits: [{name: l, capacity: 10, rate: 10/s, on_exceed: delay, "
			     "max_delay: 2s}]"))
		return;
	CHECK(send_gso(&f, TCP4, 2000, 100, &outcome), "20 of 10");
	CHECK(outcome.skb.tstamp / MS == 1001 * 1000, "%llu ms", outcome.skb.tstamp / MS);
	CHECK(send_gso(&f, TCP4, 900, 100, &outcome), "9 more");
	CHECK(outcome.skb.tstamp / MS == 1001 * 1000 + 900, "%llu ms", outcome.skb.tstamp / MS);
	CHECK(!send_gso(&f, TCP4, 300, 100, &outcome), "3 would wait for 2.2 s");
	CHECK(send_gso(&f, TCP4, 100, 100, &outcome), "1 waits for 2 s");
	CHECK(limit_counters(&f, 0).packets[TG_VERDICT_DELAYED] == 30 &&
		      limit_counters(&f, 0).packets[TG_VERDICT_DROPPED] == 3,
	      "counted");
}

/* Conditions on the length are about the segments. */
TEST(test_segment_length)
{
	struct outcome outcome;
	FIXTURE f;

	if (!fixture_open_at(
		    &f, "tc-egress",
		    "limits:\n"
		    " - {name: short, match: {length: 0-152}, capacity: 100, rate: 1/s}\n"
		    " - {name: long, match: {length: 153-65535}, capacity: 100, rate: 1/s}\n"))
		return;
	send_gso(&f, TCP4, 1000, 100, &outcome); /* 20 + 32 + 100 */
	CHECK(limit_counters(&f, 0).packets[0] == 10 && limit_counters(&f, 1).packets[0] == 0,
	      "152 bytes each");
	send_gso(&f, TCP4, 1010, 101, &outcome);
	CHECK(limit_counters(&f, 0).packets[0] == 10 && limit_counters(&f, 1).packets[0] == 10,
	      "153 bytes each");
	send_gso(&f, TCP4, 60, 1448, &outcome);
	CHECK(limit_counters(&f, 0).packets[0] == 11, "one that is not full is as long as it is");
}

/* With more than 64 KiB the length field of IPv4 is 0 (BIG TCP), and so is that of IPv6. */
TEST(test_big_tcp)
{
	struct __sk_buff skb = {.gso_size = 100};
	struct outcome outcome;
	struct packet packet;
	int kind;
	FIXTURE f;

	if (!fixture_open_at(&f, "tc-ingress", "limits: [{name: l, capacity: 100, rate: 1/s}]"))
		return;
	for (kind = 0; kind < KINDS; kind++) {
		build_gso(&packet, kind, 500);
		memset(packet.bytes + packet.l3 + (packet.bytes[packet.l3] >> 4 == 4 ? 2 : 4), 0,
		       2);
		skb.gso_size = 100;
		CHECK(run_at(&f, TG_HOOK_TC_INGRESS, &packet, &skb, &outcome) &&
			      passed(TG_HOOK_TC_INGRESS, &outcome),
		      "kind %d", kind);
		skb.gso_size = 0;
		run_at(&f, TG_HOOK_TC_INGRESS, &packet, &skb, &outcome);
		CHECK(outcome.verdict == TC_ACT_SHOT, "kind %d: without GSO it is malformed", kind);
	}
}

TEST_MAIN(RUN(test_like_xdp), RUN(test_shared), RUN(test_segments), RUN(test_segments_charged),
	  RUN(test_segments_delayed), RUN(test_segment_length), RUN(test_big_tcp),
	  RUN(test_segments_by_length), RUN(test_many_segments_by_length))
