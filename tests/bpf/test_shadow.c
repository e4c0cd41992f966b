// SPDX-License-Identifier: GPL-2.0-or-later
/* Limits that only count: what they would have done, and that they do nothing. */
#include "fixture.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

static void check_counts(struct fixture *f, size_t limit, __u64 admitted, __u64 exceeded,
			 __u64 dropped)
{
	struct tg_limit_counters counters = limit_counters(f, limit);
	const __u64 *packets = counters.packets;

	CHECK(packets[TG_VERDICT_ADMITTED] == admitted &&
		      packets[TG_VERDICT_SHADOW_EXCEEDED] == exceeded &&
		      packets[TG_VERDICT_DROPPED] == dropped,
	      "limit %zu: %llu admitted, %llu shadow_exceeded, %llu dropped, not %llu, %llu, %llu",
	      limit, packets[TG_VERDICT_ADMITTED], packets[TG_VERDICT_SHADOW_EXCEEDED],
	      packets[TG_VERDICT_DROPPED], admitted, exceeded, dropped);
}

TEST(test_counts_and_lets_pass)
{
	struct tg_limit_counters counters;
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, unit: bytes, capacity: 600, rate: 60B/s, "
			      "shadow: true}]"))
		return;
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 50, "all pass");
	check_counts(&f, 0, 10, 40, 0);
	counters = limit_counters(&f, 0);
	CHECK(counters.bytes[TG_VERDICT_SHADOW_EXCEEDED] == 40 * 60, "%llu bytes",
	      counters.bytes[TG_VERDICT_SHADOW_EXCEEDED]);
	set_now(&f, 1003 * S + 100 * MS);
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 50, "and later");
	check_counts(&f, 0, 13, 87, 0); /* what exceeded has charged nothing */
}

/* The first has the lower slot, and is asked first. */
TEST(test_beside_real_limits)
{
	static const char *const orders[] = {
		"limits: [{name: s, capacity: 3, rate: 1/d, shadow: true}, "
		"{name: r, capacity: 5, rate: 1/d}]",
		"limits: [{name: r, capacity: 5, rate: 1/d}, "
		"{name: s, capacity: 3, rate: 1/d, shadow: true}]",
	};
	size_t i;

	for (i = 0; i < 2; i++) {
		FIXTURE f;

		if (!fixture_open(&f, orders[i]))
			return;
		CHECK(passes(&f, "192.0.2.1", 1, 50) == 5, "as if there were none: order %zu", i);
		check_counts(&f, i, 3, 2, 0);
		check_counts(&f, 1 - i, 5, 0, 45);
	}
}

/* A packet that a real limit refuses costs nothing in the shadow limit either. */
TEST(test_refund)
{
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: s, capacity: 10, rate: 1/d, shadow: true}, "
			      "{name: r, capacity: 5, refill_amount: 5, refill_interval: 1s}]"))
		return;
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 5, "the real one's");
	set_now(&f, 1001 * S);
	CHECK(passes(&f, "192.0.2.1", 1, 50) == 5, "and again");
	check_counts(&f, 0, 10, 0, 0);
}

TEST(test_no_action)
{
	static const char *const actions[] = {
		"on_exceed: mark, mark: {dscp: cs1, fwmark: 7}",
		"mark_above: 1, mark: {dscp: cs1, priority: 7}",
		"on_exceed: delay",
		"backoff: {initial: 1h, max: 1h}",
		"on_exceed: delay, backoff: {}, max_delay: 10s",
	};
	struct packet packet = {};
	struct outcome outcome;
	char yaml[256];
	size_t i, n;

	udp_from(&packet, "192.0.2.1", 1);
	for (i = 0; i < sizeof(actions) / sizeof(actions[0]); i++) {
		FIXTURE f;

		snprintf(yaml, sizeof(yaml),
			 "limits: [{name: l, capacity: 2, rate: 1/s, shadow: true, %s}]",
			 actions[i]);
		if (!fixture_open_at(&f, "tc-egress", yaml))
			return;
		for (n = 0; n < 5; n++) {
			CHECK(run_at(&f, TG_HOOK_TC_EGRESS, &packet, NULL, &outcome));
			CHECK(outcome.verdict == TC_ACT_UNSPEC && !outcome.skb.mark &&
				      !outcome.skb.priority && !outcome.skb.tstamp &&
				      memcmp(outcome.packet.bytes, packet.bytes, packet.length) ==
					      0,
			      "%s", actions[i]);
		}
		check_counts(&f, 0, 2, 3, 0);
		set_now(&f, 1001 * S + 1); /* no penalty has pushed it out */
		CHECK(run_at(&f, TG_HOOK_TC_EGRESS, &packet, NULL, &outcome));
		check_counts(&f, 0, 3, 3, 0);
	}
}

TEST(test_no_answer)
{
	struct packet packet = {};
	struct outcome outcome;
	size_t n;
	FIXTURE f;

	if (!fixture_open(&f, "limits: [{name: l, capacity: 2, rate: 1/s, shadow: true, "
			      "on_exceed: reject}]"))
		return;
	udp_from(&packet, "192.0.2.1", 1);
	for (n = 0; n < 5; n++) {
		CHECK(run_at(&f, TG_HOOK_XDP, &packet, NULL, &outcome));
		CHECK(outcome.verdict == XDP_PASS, "%d", outcome.verdict);
	}
	check_counts(&f, 0, 2, 3, 0);
}

/* Whether a limit acts is no part of how its buckets are to be read. */
TEST(test_rates_are_the_same)
{
	static const char *const keys[] = {"on_exceed: delay, max_delay: 3s", "backoff: {max: 30m}",
					   "mark_above: 1, mark: {dscp: 1}", "on_exceed: drop"};
	char yaml[256];
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		struct tg_rate rates[2];
		int shadow;

		for (shadow = 0; shadow < 2; shadow++) {
			FIXTURE f;

			snprintf(yaml, sizeof(yaml),
				 "limits: [{name: l, capacity: 5, rate: 5/s, shadow: %s, %s}]",
				 shadow ? "true" : "false", keys[i]);
			if (!fixture_open_at(&f, "tc-egress", yaml))
				return;
			rates[shadow] = f.compiled->policy.limits[0].rate;
		}
		CHECK(memcmp(&rates[0], &rates[1], sizeof(rates[0])) == 0, "%s", keys[i]);
	}
}

TEST_MAIN(RUN(test_counts_and_lets_pass), RUN(test_beside_real_limits), RUN(test_refund),
	  RUN(test_no_action), RUN(test_no_answer), RUN(test_rates_are_the_same))
