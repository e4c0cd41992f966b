// SPDX-License-Identifier: GPL-2.0-or-later
/* How long a known source's bucket may stay in the table. */
#include <stdint.h>

#include "datapath/reclaim.h"
#include "test.h"

TEST(test_adapt)
{
	uint64_t idle = TG_RETURNING_IDLE_MAX;
	int i;

	CHECK(tg_reclaim_adapt(idle, 500, 1000) == TG_RETURNING_IDLE_MAX,
	      "with room, as long as ever");
	CHECK(tg_reclaim_adapt(idle, 760, 1000) == TG_RETURNING_IDLE_MAX / 2,
	      "shorter with little");
	CHECK(tg_reclaim_adapt(idle / 2, 700, 1000) == TG_RETURNING_IDLE_MAX / 2,
	      "in between it stays");
	for (i = 0; i < 64; i++)
		idle = tg_reclaim_adapt(idle, 1000, 1000);
	CHECK(idle == TG_RETURNING_IDLE_MIN, "never below the least");
	for (i = 0; i < 64; i++)
		idle = tg_reclaim_adapt(idle, 1, 1000);
	CHECK(idle == TG_RETURNING_IDLE_MAX, "and back");
	CHECK(tg_reclaim_adapt(TG_RETURNING_IDLE_MAX, 1, 1) == TG_RETURNING_IDLE_MAX / 2,
	      "a table of one");
}

TEST(test_due)
{
	static const struct {
		uint64_t held, reserved;
		int64_t open;
		bool due;
	} cases[] = {
		{0, 0, 0, false}, /* nothing to take out */
		{0, 0, -5, false},
		{1, 0, 0, true},
		{1, 0, 1, true},
		{1, 0, 2, false},
		{499, 500, 500, false}, /* a table of 1,000 for one limit */
		{500, 500, 500, true},
		{127, 256, 0, false}, /* others hold all that is open: half of its own part */
		{128, 256, 0, true},
		{127, 256, -100, false}, /* more than is free was reserved just now */
		{128, 256, -100, true},
		{600, 256, 168, true},
		{100, 256, 168, false}, /* beside that one */
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK(tg_reclaim_is_due(cases[i].reserved << 32 | cases[i].held, cases[i].open) ==
			      cases[i].due,
		      "%llu held of %llu, %lld open", (unsigned long long)cases[i].held,
		      (unsigned long long)cases[i].reserved, (long long)cases[i].open);
}

TEST_MAIN(RUN(test_adapt), RUN(test_due))
