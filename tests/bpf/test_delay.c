// SPDX-License-Identifier: GPL-2.0-or-later
/* Delay: the departure that a packet leaves with at tc-egress, on the virtual clock. */
#include "fixture.h"

#define FIXTURE		   tg_cleanup_fixture struct fixture
#define tg_cleanup_fixture __attribute__((cleanup(fixture_close)))

#define NOW (1000 * S) /* as the fixture begins */

/* When a packet that asks to leave at @tstamp (0 at once) leaves; ~0: dropped. */
static uint64_t departs(struct fixture *f, const char *source, uint64_t tstamp)
{
	struct __sk_buff skb = {.tstamp = tstamp};
	struct outcome outcome;
	struct packet packet;

	udp_from(&packet, source, 5353);
	if (!run_at(f, TG_HOOK_TC_EGRESS, &packet, &skb, &outcome) ||
	    !passed(TG_HOOK_TC_EGRESS, &outcome))
		return ~0ULL;
	return outcome.skb.tstamp;
}

/* A departure may be a microsecond late, by the rounding of rates, and never early. */
static bool is_about(uint64_t time, uint64_t promised)
{
	return time >= promised && time - promised < 1000;
}

static void check_burst(struct fixture *f, const char *source, uint64_t step, uint64_t amount)
{
	uint64_t time, promised;
	int i;

	for (i = 0; i < 10; i++)
		CHECK(departs(f, source, 0) == 0, "%s: %d at once", source, i);
	for (i = 0; i < 20; i++) {
		time = departs(f, source, 0);
		promised = NOW + (1 + i / amount) * step;
		CHECK(is_about(time, promised), "%s: %d at %llu instead of %llu", source, i,
		      (unsigned long long)time, (unsigned long long)promised);
	}
	CHECK(departs(f, source, 0) == ~0ULL, "%s: what would wait longer", source);
	set_now(f, NOW + step);
	time = departs(f, source, 0);
	CHECK(is_about(time, NOW + 2 * S + step), "%s: and there is room again", source);
	set_now(f, NOW);
}

static void check_counted(struct fixture *f, uint64_t delayed, uint64_t dropped)
{
	struct tg_limit_counters counters = limit_counters(f, 0);

	CHECK(counters.packets[TG_VERDICT_DELAYED] == delayed, "%llu delayed",
	      counters.packets[TG_VERDICT_DELAYED]);
	CHECK(counters.packets[TG_VERDICT_DROPPED] == dropped, "%llu dropped",
	      counters.packets[TG_VERDICT_DROPPED]);
	CHECK(reasons_at(f, TG_HOOK_TC_EGRESS).packets[TG_REASON_LIMIT] == dropped, "reasons");
}

TEST(test_continuous)
{
	FIXTURE f;

	if (!fixture_open_at(&f, "tc-egress",
			     "limits: [{name: l, capacity: 10, rate: 10/s, on_exceed: delay, "
			     "max_delay: 2s}]"))
		return;
	check_burst(&f, "192.0.2.1", S / 10, 1);
	check_burst(&f, "2001:db8::1", S / 10, 1);
	check_counted(&f, 42, 2);
}

TEST(test_stepped)
{
	FIXTURE f;

	if (!fixture_open_at(&f, "tc-egress",
			     "limits: [{name: l, capacity: 10, refill_amount: 5, "
			     "refill_interval: 500ms, on_exceed: delay, max_delay: 2s}]"))
		return;
	check_burst(&f, "192.0.2.1", S / 2, 5);
	check_burst(&f, "2001:db8::1", S / 2, 5);
	check_counted(&f, 42, 2);
}

/* TCP and others stamp what they pace. Later than ours stays; what is no departure does not. */
TEST(test_stamped)
{
	FIXTURE f;

	if (!fixture_open_at(&f, "tc-egress",
			     "limits: [{name: l, capacity: 1, rate: 10/s, on_exceed: delay, "
			     "max_delay: 2s}]"))
		return;
	CHECK(departs(&f, "192.0.2.1", NOW + S / 20) == NOW + S / 20, "admitted: as it was");
	CHECK(departs(&f, "192.0.2.1", NOW + S) == NOW + S, "delayed, and paced later: as it was");
	CHECK(is_about(departs(&f, "192.0.2.1", NOW + S / 20), NOW + 2 * S / 10),
	      "paced earlier: later");
	CHECK(is_about(departs(&f, "192.0.2.1", NOW - S), NOW + 3 * S / 10), "in the past: later");
	CHECK(is_about(departs(&f, "192.0.2.1", 1700000000 * S), NOW + 4 * S / 10),
	      "a time of day, of a receipt: none of a departure");
}

/* The longest wait of several limits holds; what one refuses costs the others nothing. */
TEST(test_several)
{
	FIXTURE f;

	if (!fixture_open_at(&f, "tc-egress",
			     "limits:\n"
			     " - {name: short, capacity: 1, rate: 10/s, on_exceed: delay}\n"
			     " - {name: long, capacity: 1, rate: 2/s, on_exceed: delay, "
			     "max_delay: 1s}\n"))
		return;
	CHECK(departs(&f, "192.0.2.1", 0) == 0, "at once");
	CHECK(is_about(departs(&f, "192.0.2.1", 0), NOW + S / 2), "the longer wait");
	CHECK(is_about(departs(&f, "192.0.2.1", 0), NOW + S), "and again");
	CHECK(departs(&f, "192.0.2.1", 0) == ~0ULL, "too long for one of them");
	CHECK(limit_counters(&f, 0).packets[TG_VERDICT_DELAYED] == 2, "the other has waited twice");
	set_now(&f, NOW + S / 2);
	CHECK(is_about(departs(&f, "192.0.2.1", 0), NOW + S + S / 2), "as if it had never been");
}

TEST_MAIN(RUN(test_continuous), RUN(test_stepped), RUN(test_stamped), RUN(test_several))
