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

TEST_MAIN(RUN(test_adapt))
