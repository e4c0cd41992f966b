// SPDX-License-Identifier: GPL-2.0-or-later
/* What of ARP, neighbour discovery, MLD and IGMP passes whatever lists and limits say. */
#include "fixture.h"
#include "packet_builders.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define SOLICITED "ff02::1:ff00:1"
#define GLOBAL	  "2001:db8:ffff::1"

#define DENY_ALL "deny: [0.0.0.0/0, '::/0']\n"
#define TEN_A_DAY                                                                                  \
	"limits: [{name: all, per: everyone, capacity: 10, refill_amount: 10, refill_interval: "   \
	"1d}]"

#define OF_SOURCE    200 /* at once, and half as many a second */
#define OF_INTERFACE 2000
#define FLOOR	     20

/* Neighbour discovery of @bytes, from the IP header on. */
static void neighbour(struct packet *packet, const char *source, const char *destination, int bytes)
{
	struct ipv6hdr *ip;

	put_ethernet(packet, ETH_P_IPV6);
	ip = put_ipv6(packet, source, IPPROTO_ICMPV6, 255);
	inet_pton(AF_INET6, destination, &ip->daddr);
	put_icmp(packet, 135, 0);
	put(packet, NULL, bytes - sizeof(*ip) - 24);
	packet_done(packet);
}

/* How many of @n pass as discovery, are admitted by the limit, and are dropped. */
struct passed {
	int discovery, admitted, dropped, not_ip;
};

static struct passed passed_at(struct fixture *f, enum tg_hook hook, const struct packet *packet,
			       int n)
{
	struct tg_interface_counters before = reasons_at(f, hook), after;
	struct outcome outcome;
	int reason;

	while (n--)
		CHECK(run_at(f, hook, packet, NULL, &outcome), "run");
	after = reasons_at(f, hook);
	for (reason = 0; reason < TG_REASON_COUNT; reason++)
		after.packets[reason] -= before.packets[reason];
	return (struct passed){
		.discovery = after.packets[TG_REASON_ARP] + after.packets[TG_REASON_MLD] +
			     after.packets[TG_REASON_NEIGHBOUR_DISCOVERY] +
			     after.packets[TG_REASON_IGMP],
		.admitted = after.packets[TG_REASON_ADMITTED],
		.dropped = after.packets[TG_REASON_LIMIT] + after.packets[TG_REASON_DENIED],
		.not_ip = after.packets[TG_REASON_NOT_IP],
	};
}

static struct passed passed_of(struct fixture *f, const struct packet *packet, int n)
{
	return passed_at(f, TG_HOOK_XDP, packet, n);
}

static void long_igmp(struct packet *packet, int bytes)
{
	build_igmp(packet, 0x22);
	put(packet, NULL, bytes - 48);
	packet_done(packet);
}

static void long_mld(struct packet *packet, int bytes)
{
	build_mld(packet, 143);
	put(packet, NULL, bytes - 64);
	packet_done(packet);
}

/* What a bridge would forward behind a short message. */
static void trailing(struct packet *packet, int bytes)
{
	neighbour(packet, LINK_LOCAL, SOLICITED, 72);
	put(packet, NULL, bytes - 72);
}

/* With a header that may route the packet on to anywhere. */
static void routed(struct packet *packet, int type)
{
	struct ipv6hdr *ip;

	put_ethernet(packet, ETH_P_IPV6);
	ip = put_ipv6(packet, V6, type, 255);
	inet_pton(AF_INET6, LINK_LOCAL, &ip->daddr);
	put_extension(packet, type, IPPROTO_ICMPV6, 24);
	put_icmp(packet, 135, 0);
	packet_done(packet);
}

/* However much there is of what goes elsewhere, or of what is longer: it is no discovery. */
TEST(test_what)
{
	struct packet packet;
	FIXTURE f;
#define WHAT(what, discovers, make)                                                                \
	do {                                                                                       \
		set_now(&f, (now += 100) * S);                                                     \
		make;                                                                              \
		CHECK(passed_of(&f, &packet, 1).discovery == (discovers), what);                   \
	} while (0)
	uint64_t now = 1000;

	if (!fixture_open(&f, DENY_ALL))
		return;
	WHAT("to a group of the link", 1, neighbour(&packet, LINK_LOCAL, SOLICITED, 72));
	WHAT("from a global address", 1, neighbour(&packet, V6, SOLICITED, 72));
	WHAT("from no address", 1, neighbour(&packet, "::", SOLICITED, 72));
	WHAT("to one host", 1, neighbour(&packet, V6, LINK_LOCAL, 72));
	WHAT("from a host of the link", 1, neighbour(&packet, "febf::1", GLOBAL, 72));
	WHAT("the longest", 1, neighbour(&packet, LINK_LOCAL, SOLICITED, 256));
	WHAT("too long", 0, neighbour(&packet, LINK_LOCAL, SOLICITED, 257));
	WHAT("nothing but long", 0, neighbour(&packet, V6, GLOBAL, 257));
	WHAT("the longest trailer", 1, trailing(&packet, 256));
	WHAT("a longer trailer", 0, trailing(&packet, 257));
	WHAT("with a routing header", 0, routed(&packet, IPPROTO_ROUTING));
	WHAT("with options", 0, routed(&packet, IPPROTO_DSTOPTS));
	WHAT("from afar", 0, build_far_nd(&packet, 135));
	WHAT("MLD", 1, long_mld(&packet, 256));
	WHAT("MLD that is too long", 0, long_mld(&packet, 257));
	WHAT("MLD with router alert", 1, build_optioned_mld(&packet, 143));
	WHAT("MLD from a global address", 0, build_far_mld(&packet, 143));
	WHAT("IGMP", 1, long_igmp(&packet, 256));
	WHAT("IGMP that is too long", 0, long_igmp(&packet, 257));
	WHAT("IGMP with hops left", 0, build_far_igmp(&packet, 2));
	WHAT("ARP", 1, build_arp(&packet, 1));
	WHAT("ARP that is too long", 0, build_long_arp(&packet, 257));
#undef WHAT
}

/* Beyond its budget, discovery is charged like anything else; other sources have theirs. */
TEST(test_of_source)
{
	struct packet packet, other;
	struct passed passed;
	FIXTURE f;

	if (!fixture_open(&f, TEN_A_DAY))
		return;
	neighbour(&packet, LINK_LOCAL, SOLICITED, 72);
	neighbour(&other, "fe80::2", SOLICITED, 72);
	passed = passed_of(&f, &packet, 1000);
	CHECK(passed.discovery == OF_SOURCE, "%d pass", passed.discovery);
	CHECK(passed.admitted == 10 && passed.dropped == 1000 - OF_SOURCE - 10,
	      "%d admitted by the limit, %d dropped", passed.admitted, passed.dropped);
	passed = passed_of(&f, &other, 1000);
	CHECK(passed.discovery == OF_SOURCE && passed.admitted == 0, "%d of another source",
	      passed.discovery);
	set_now(&f, 1001 * S + 1000); /* rates are rounded down */
	passed = passed_of(&f, &packet, 1000);
	CHECK(passed.discovery == OF_SOURCE / 2, "%d a second", passed.discovery);
	build_mld(&packet, 143);
	((struct ipv6hdr *)(packet.bytes + packet.l3))->saddr.s6_addr[15] = 3;
	CHECK(passed_of(&f, &packet, 1000).discovery == OF_SOURCE, "MLD");
	build_igmp(&packet, 0x16);
	CHECK(passed_of(&f, &packet, 1000).discovery == OF_SOURCE, "IGMP");
}

/* What is beyond the budget of ARP is a frame like any other that is not IP. */
TEST(test_arp)
{
	struct packet packet;
	struct passed passed;
	FIXTURE f;

	if (!fixture_open(&f, TEN_A_DAY))
		return;
	build_arp(&packet, 1);
	passed = passed_of(&f, &packet, 1000);
	CHECK(passed.discovery == OF_SOURCE && passed.not_ip == 1000 - OF_SOURCE,
	      "%d as ARP, %d as not IP", passed.discovery, passed.not_ip);
	inet_pton(AF_INET, "192.0.2.77", packet.bytes + ETH_HLEN + 14);
	CHECK(passed_of(&f, &packet, 1).discovery == 1, "another sender");
}

/* Any number of made-up sources shares the budget of their interface, and takes no other's. */
TEST(test_of_interface)
{
	struct packet packet;
	int i, discovery = 0;
	FIXTURE f;

	if (!fixture_open_at(&f, "xdp, tc-ingress", DENY_ALL))
		return;
	neighbour(&packet, LINK_LOCAL, SOLICITED, 72);
	for (i = 0; i < 3000; i++) {
		memcpy(packet.bytes + packet.l3 + 8 + 12, &i, 4);
		discovery += passed_of(&f, &packet, 1).discovery;
	}
	CHECK(discovery == OF_INTERFACE, "%d pass", discovery);
	CHECK(passed_at(&f, TG_HOOK_TC_INGRESS, &packet, 1).discovery == 1, "at another hook");
	set_now(&f, 1001 * S + 1000);
	for (i = discovery = 0; i < 3000; i++) {
		memcpy(packet.bytes + packet.l3 + 8 + 12, &i, 4);
		discovery += passed_of(&f, &packet, 1).discovery;
	}
	CHECK(discovery == OF_INTERFACE / 2, "%d a second", discovery);
}

/*
 * Between global addresses it may go through this host to another: the limit lets 10 through, and
 * no more than the floor passes besides, of all sources together.
 */
TEST(test_floor)
{
	struct packet packet, other;
	struct passed passed;
	FIXTURE f;

	if (!fixture_open(&f, TEN_A_DAY))
		return;
	neighbour(&packet, V6, GLOBAL, 72);
	neighbour(&other, "2001:db8::2", GLOBAL, 72);
	passed = passed_of(&f, &packet, 1000);
	CHECK(passed.discovery == FLOOR && passed.admitted == 10 && passed.dropped == 970,
	      "%d and %d pass", passed.discovery, passed.admitted);
	passed = passed_of(&f, &other, 1000);
	CHECK(passed.discovery == 0 && passed.dropped == 1000, "%d more", passed.discovery);
	set_now(&f, 1001 * S + 1000);
	passed = passed_of(&f, &packet, 1000);
	CHECK(passed.discovery == FLOOR / 2 && passed.admitted == 0, "%d a second",
	      passed.discovery);
	neighbour(&packet, LINK_LOCAL, SOLICITED, 72);
	CHECK(passed_of(&f, &packet, 1).discovery == 1, "what stays on the link has its own");
}

/* A denied gateway is found. */
TEST(test_denied)
{
	struct packet packet;
	struct passed passed;
	FIXTURE f;

	if (!fixture_open(&f, DENY_ALL))
		return;
	neighbour(&packet, V6, GLOBAL, 72);
	passed = passed_of(&f, &packet, 1000);
	CHECK(passed.discovery == FLOOR && passed.dropped == 1000 - FLOOR, "%d pass",
	      passed.discovery);
}

/* What was found in the field: 1,440 bytes each, of which a limit of 10 now lets 10 through. */
TEST(test_long)
{
	struct packet packet;
	struct passed passed;
	FIXTURE f;

	if (!fixture_open(&f, TEN_A_DAY))
		return;
	neighbour(&packet, V6, GLOBAL, 1440);
	passed = passed_of(&f, &packet, 1000);
	CHECK(passed.discovery == 0 && passed.admitted == 10 && passed.dropped == 990,
	      "%d and %d pass", passed.discovery, passed.admitted);
}

TEST_MAIN(RUN(test_what), RUN(test_of_source), RUN(test_arp), RUN(test_of_interface),
	  RUN(test_floor), RUN(test_denied), RUN(test_long))
