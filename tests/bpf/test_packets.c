// SPDX-License-Identifier: GPL-2.0-or-later
/* A table of frames: the verdict and the one reason that each leaves with. */
#include "fixture.h"
#include "packet_cases.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

/* Limit 0 takes UDP and TCP to port 53 and 8000-8010, limit 1 all ICMPv6, limit 2 the rest of
 * protocol 99. */
static const char policy[] =
	"limits:\n"
	" - {name: ports, match: {protocol: [udp, tcp, sctp], destination_port: [53, 8000-8010]}, capacity: 1000000, rate: 1/s}\n"
	" - {name: icmp6, match: {protocol: icmpv6}, capacity: 1000000, rate: 1/s}\n"
	" - {name: other, match: {protocol: 99}, capacity: 1000000, rate: 1/s}\n";

static int sum(const struct tg_interface_counters *counters)
{
	int reason, total = 0;

	for (reason = 0; reason < TG_REASON_COUNT; reason++)
		total += counters->packets[reason];
	return total;
}

/* Runs a frame of @length bytes, which must leave as the row says. */
static void check_frame(struct fixture *f, const struct packet_case *row,
			const struct packet *packet, size_t length)
{
	struct tg_interface_counters before = reasons(f), after;
	struct tg_limit_counters charged = limit_counters(f, 0), then;
	int verdict = run(f, packet, length);

	after = reasons(f);
	then = limit_counters(f, 0);
	CHECK(verdict == (row->passes ? XDP_PASS : XDP_DROP), "%s: verdict %d", row->what, verdict);
	CHECK(after.packets[row->reason] == before.packets[row->reason] + 1,
	      "%s: not counted under its reason", row->what);
	CHECK(sum(&after) == sum(&before) + 1, "%s: counted %d times", row->what,
	      sum(&after) - sum(&before));
	CHECK(then.packets[TG_VERDICT_ADMITTED] - charged.packets[TG_VERDICT_ADMITTED] ==
		      row->ports,
	      "%s: charged to the limit on ports: %llu", row->what,
	      then.packets[TG_VERDICT_ADMITTED] - charged.packets[TG_VERDICT_ADMITTED]);
}

static void check_packet(struct fixture *f, const struct packet_case *row)
{
	struct packet packet;

	row->build(&packet, row->argument);
	check_frame(f, row, &packet, packet.length);
}

TEST(test_table)
{
	FIXTURE f;
	size_t i;

	if (!fixture_open(&f, policy))
		return;
	CHECK(PACKET_CASES >= 80, "%zu cases", PACKET_CASES);
	for (i = 0; i < PACKET_CASES; i++)
		check_packet(&f, &packet_cases[i]);
}

static bool parse_failure(int reason)
{
	return reason >= TG_REASON_TRUNCATED_ETHERNET && reason <= TG_REASON_MALFORMED_TRANSPORT;
}

static int raised(const struct tg_interface_counters *before,
		  const struct tg_interface_counters *after)
{
	int reason;

	for (reason = 0; reason < TG_REASON_COUNT; reason++)
		if (after->packets[reason] != before->packets[reason])
			return reason;
	return -1;
}

/*
 * Every IP frame of the table that passes, cut at every byte from 14 on (the least that
 * the kernel's test runner takes): as long as the cut is inside the IP packet, it is
 * dropped as truncated or malformed, and counted once.
 */
TEST(test_truncated_everywhere)
{
	struct tg_interface_counters before, after;
	struct packet packet;
	size_t i, length;
	int verdict;
	FIXTURE f;

	if (!fixture_open(&f, policy))
		return;
	for (i = 0; i < PACKET_CASES; i++) {
		packet_cases[i].build(&packet, packet_cases[i].argument);
		if (!packet_cases[i].passes || !packet.l3 || packet_cases[i].guessed)
			continue;
		before = reasons(&f);
		for (length = 14; length < packet.length - packet_cases[i].padding; length++) {
			verdict = run(&f, &packet, length);
			after = reasons(&f);
			/* The kernel's test runner gives the program nothing past the cut. */
			CHECK(verdict == XDP_DROP, "%s, cut to %zu of %zu: verdict %d",
			      packet_cases[i].what, length, packet.length, verdict);
			CHECK(parse_failure(raised(&before, &after)), "%s, cut to %zu: reason %d",
			      packet_cases[i].what, length, raised(&before, &after));
			CHECK(sum(&after) == sum(&before) + 1, "counted once");
			before = after;
		}
	}
}

/* The first bytes of these are the EtherTypes of IPv4, IPv6, ARP, a VLAN tag, PPPoE and MPLS. */
static const char *const odd_sources[] = {"8.0.0.1",   "134.221.0.1", "8.6.0.1",
					  "129.0.0.1", "136.100.0.1", "136.71.0.1"};

/* Without its Ethernet header. */
static void check_bare(struct fixture *f, const struct packet_case *row,
		       const struct packet *packet)
{
	struct packet bare = {.length = packet->length - ETH_HLEN};

	memcpy(bare.bytes, packet->bytes + ETH_HLEN, bare.length);
	check_frame(f, row, &bare, bare.length);
}

/*
 * Where IP begins at once: the rows of the table that are IP right behind the Ethernet header,
 * without it, leave with the same reason and are charged as before. The first bytes of a source are
 * no EtherType there.
 */
TEST(test_without_header)
{
	struct tg_interface_counters before, after;
	struct packet packet;
	size_t i;
	FIXTURE f;

	if (!fixture_open(&f, policy))
		return;
	f.xdp = bpf_program__fd(f.skeleton->progs.tidegate_xdp_bare);
	for (i = 0; i < PACKET_CASES; i++) {
		packet_cases[i].build(&packet, packet_cases[i].argument);
		if (packet.l3 != ETH_HLEN || packet_cases[i].reason == TG_REASON_MALFORMED_IPV4 ||
		    packet_cases[i].reason == TG_REASON_MALFORMED_IPV6)
			continue;
		check_bare(&f, &packet_cases[i], &packet);
	}
	for (i = 0; i < sizeof(odd_sources) / sizeof(odd_sources[0]); i++) {
		build_udp4(&packet, PORT);
		inet_pton(AF_INET, odd_sources[i], packet.bytes + packet.l3 + 12);
		check_bare(&f,
			   &(struct packet_case)PASS("a source like an EtherType", NULL, 0,
						     ADMITTED, 1),
			   &packet);
	}
	before = reasons(&f);
	memset(packet.bytes, 0, sizeof(packet.bytes));
	CHECK(run(&f, &packet, 60) == XDP_PASS, "neither version");
	after = reasons(&f);
	CHECK(after.packets[TG_REASON_NOT_IP] == before.packets[TG_REASON_NOT_IP] + 1, "not IP");
}

/* How many of ten such frames pass, with what they were charged to limit 0. */
static int pass_of_ten(struct fixture *f, enum tg_hook hook, const struct packet *packet,
		       uint64_t *charged)
{
	uint64_t before = limit_counters(f, 0).packets[TG_VERDICT_ADMITTED];
	struct outcome outcome;
	int i, n = 0;

	for (i = 0; i < 10; i++)
		n += run_at(f, hook, packet, NULL, &outcome) && passed(hook, &outcome);
	*charged = limit_counters(f, 0).packets[TG_VERDICT_ADMITTED] - before;
	return n;
}

/*
 * A limit for what is not IP bounds just that, whatever else is limited, allowed and denied; limits
 * without such a condition do not charge it, nor ARP within its budget.
 */
TEST(test_not_ip)
{
	static const enum tg_hook hooks[] = {TG_HOOK_XDP, TG_HOOK_TC_INGRESS, TG_HOOK_TC_EGRESS};
	struct tg_limit_counters other;
	struct packet lldp, arp, udp;
	uint64_t charged;
	size_t i;

	build_ethertype(&lldp, 0x88cc);
	build_arp(&arp, 1);
	build_udp4(&udp, PORT);
	for (i = 0; i < 3; i++) {
		FIXTURE f;

		if (!fixture_open_at(
			    &f, "xdp, tc-ingress, tc-egress",
			    "allow: ['::/0']\n"
			    "limits:\n"
			    " - {name: a, match: {protocol: not_ip}, per: everyone, capacity: 4, rate: 1/d}\n"
			    " - {name: b, per: everyone, capacity: 100, rate: 1/d}\n"))
			return;
		CHECK(pass_of_ten(&f, hooks[i], &udp, &charged) == 10 && !charged, "UDP");
		CHECK(pass_of_ten(&f, hooks[i], &arp, &charged) == 10 && !charged, "ARP");
		CHECK(pass_of_ten(&f, hooks[i], &lldp, &charged) == 4 && charged == 4,
		      "%llu of LLDP", (unsigned long long)charged);
		CHECK(reasons_at(&f, hooks[i]).packets[TG_REASON_LIMIT] == 6, "refused");
		other = limit_counters(&f, 1);
		CHECK(other.packets[TG_VERDICT_ADMITTED] == 10, "%llu charged to the other",
		      other.packets[TG_VERDICT_ADMITTED]);
	}
}

/* At a hook that such a limit does not hold at, what is not IP passes and is counted as such. */
TEST(test_not_ip_elsewhere)
{
	struct packet lldp;
	uint64_t charged;
	FIXTURE f;

	build_ethertype(&lldp, 0x88cc);
	if (!fixture_open_at(
		    &f, "xdp, tc-egress",
		    "limits: [{name: a, match: {protocol: not_ip, hook: tc-egress}, per: everyone, unit: bytes, capacity: 150, rate: 1B/d}]"))
		return;
	CHECK(pass_of_ten(&f, TG_HOOK_XDP, &lldp, &charged) == 10 && !charged, "at xdp");
	CHECK(reasons(&f).packets[TG_REASON_NOT_IP] == 10, "counted as not_ip");
	CHECK(pass_of_ten(&f, TG_HOOK_TC_EGRESS, &lldp, &charged) == 2 && charged == 2,
	      "60 bytes each");
}

static uint32_t next_number(uint64_t *seed)
{
	*seed = *seed * 6364136223846793005ULL + 1442695040888963407ULL;
	return *seed >> 33;
}

/* Any bytes at all: counted once, and never a verdict other than pass and drop. */
TEST(test_random_bytes)
{
	struct packet packet;
	struct tg_interface_counters after;
	uint64_t seed = 1;
	int i, verdict;
	size_t j;
	FIXTURE f;

	if (!fixture_open(&f, policy))
		return;
	for (i = 0; i < 20000; i++) {
		packet_cases[i % PACKET_CASES].build(&packet,
						     packet_cases[i % PACKET_CASES].argument);
		for (j = 0; j < 3; j++) {
			seed = seed * 6364136223846793005ULL + 1442695040888963407ULL;
			packet.bytes[12 + (seed >> 33) % (packet.length - 12)] = seed >> 20;
		}
		verdict = run(&f, &packet, packet.length);
		CHECK(verdict == XDP_PASS || verdict == XDP_DROP, "verdict %d", verdict);
	}
	after = reasons(&f);
	CHECK(sum(&after) == 20000, "each counted once");
}

#define HEADERS_MAX	    78 /* bytes: Ethernet, a VLAN tag, IPv6 and TCP */
/* Bytes: the kernel's test runner at TC wants all of an IP header. */
#define LEAST_AT_TC(packet) (ETH_HLEN + ((packet)->bytes[12] == 0x86 ? 40 : 20))

/* With VLAN tags, none, one or two. */
static void put_either_ethernet(struct packet *packet, uint16_t protocol, uint32_t seed)
{
	uint32_t bits = seed >> 9 & 7, tags = bits < 4 ? 0 : bits < 7 ? 1 : 2;

	put_ethernet(packet, protocol);
	for (; tags; tags--)
		put_vlan(packet, ETH_P_8021Q);
}

/* What XDP takes by a way of its own, and what it must not take by that; by a number. */
static void build_either_ipv4(struct packet *packet, uint32_t seed)
{
	put_either_ethernet(packet, ETH_P_IP, seed);
	put_ipv4(packet, seed & 1 ? V4 : "198.51.100.7", seed & 2 ? IPPROTO_UDP : IPPROTO_TCP,
		 seed & 4 ? 0 : 4, 0);
}

static void build_either_ipv6(struct packet *packet, uint32_t seed)
{
	static const char *const sources[] = {V6, "2001:db8:7::1", V6, "::ffff:192.0.2.1"};
	uint8_t next = seed & 2 ? IPPROTO_UDP : IPPROTO_TCP;
	bool extended = (seed >> 20 & 7) == 0;

	put_either_ethernet(packet, ETH_P_IPV6, seed);
	put_ipv6(packet, sources[seed & 1 ? 0 : seed >> 24 & 3], extended ? IPPROTO_DSTOPTS : next,
		 64);
	if (extended)
		put_extension(packet, IPPROTO_DSTOPTS, next, 8);
}

static void build_either_way(struct packet *packet, uint32_t seed)
{
	if (seed & 4096)
		build_either_ipv6(packet, seed);
	else
		build_either_ipv4(packet, seed);
	if (seed & 2)
		put_udp(packet, seed & 8 ? PORT : 9000, seed >> 13 & 63);
	else
		put_tcp(packet, seed & 8 ? PORT : 9000, 4 + (seed >> 13 & 3));
	packet_done(packet);
	put(packet, NULL, seed >> 16 & 7);
}

static void check_ways(struct fixture *f, int number)
{
	static uint64_t seed = 1;
	struct tg_trace *trace = &f->skeleton->bss->trace, first;
	struct outcome xdp, tc;
	struct packet packet;
	int i;

	build_either_way(&packet, next_number(&seed));
	for (i = 0; i < number % 3; i++)
		packet.bytes[12 + next_number(&seed) % (HEADERS_MAX - 12)] = next_number(&seed);
	if (number % 16 == 0)
		packet.length = LEAST_AT_TC(&packet) +
				next_number(&seed) % (packet.length - LEAST_AT_TC(&packet));
	memset(trace, 0, sizeof(*trace));
	CHECK(run_at(f, TG_HOOK_XDP, &packet, NULL, &xdp), "XDP");
	first = *trace;
	memset(trace, 0, sizeof(*trace));
	CHECK(run_at(f, TG_HOOK_TC_INGRESS, &packet, NULL, &tc), "TC");
	CHECK(memcmp(trace, &first, sizeof(first)) == 0, "frame %d: reason %d, and %d at TC",
	      number, first.reason, trace->reason);
	CHECK(passed(TG_HOOK_XDP, &xdp) == passed(TG_HOOK_TC_INGRESS, &tc), "frame %d", number);
}

/*
 * Plain packets take a shorter way at XDP than at TC, and what either finds in a frame, and does
 * with it, is the same; also for frames that are nearly for the fast path.
 */
TEST(test_ways_agree)
{
	static const char *const policies[] = {
		"limits: [{name: a, capacity: 1000000, rate: 1/s}]",
		"limits: [{name: a, match: {protocol: udp, destination_port: 53}, capacity: 1000000, rate: 1/s}]",
		"limits: [{name: a, unit: bytes, per: destination, capacity: 1GB, rate: 1kB/s}]",
		"limits: [{name: a, unit: bytes, capacity: 1, rate: 1B/s, shadow: true}, {name: b, match: {tcp_flags: syn}, capacity: 1000000, rate: 1/s}]",
		"limits: [{name: a, match: {protocol: udp}, unit: bytes, capacity: 1, rate: 1B/s, on_exceed: mark, mark: {dscp: cs1}}, {name: b, match: {protocol: tcp}, capacity: 1000000, rate: 1/s}]",
		"deny: [198.51.100.0/24, '2001:db8:7::/48']\nlimits: [{name: a, match: {length: 0-60}, capacity: 1000000, rate: 1/s}]",
		"limits: [{name: a, match: {source: ['2001:db8::/48', 192.0.2.0/24], destination: ['2001:db8:ffff::/48', '203.0.113.0/24']}, prefix: {ipv4: 24, ipv6: 48}, capacity: 1000000, rate: 1/s}]",
	};
	size_t i;
	int j;

	for (i = 0; i < sizeof(policies) / sizeof(policies[0]); i++) {
		FIXTURE f;

		if (!fixture_open_at(&f, "xdp, tc-ingress", policies[i]))
			return;
		for (j = 0; j < 10000; j++)
			check_ways(&f, j);
	}
}

TEST_MAIN(RUN(test_table), RUN(test_truncated_everywhere), RUN(test_without_header),
	  RUN(test_not_ip), RUN(test_not_ip_elsewhere), RUN(test_random_bytes),
	  RUN(test_ways_agree))
