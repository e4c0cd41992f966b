// SPDX-License-Identifier: GPL-2.0-or-later
/* The programs at TC: the same pipeline as at XDP, and packets that are several on the wire. */
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

TEST_MAIN(RUN(test_like_xdp), RUN(test_shared))
