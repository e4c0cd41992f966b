/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings changed while a limit holds. */
#include "test.h"

#include <errno.h>

#include "config_set.h"

#define MS 1000000ULL

static const struct tg_config_limit drops = {.name = "l", .refill = {10, 1, 1000 * MS, true}},
				    delays = {.name = "l",
					      .refill = {10, 1, 1000 * MS, true},
					      .action = TG_CONFIG_DELAY,
					      .max_delay = 2000 * MS},
				    marks = {.name = "l",
					     .refill = {10, 1, 1000 * MS, true},
					     .action = TG_CONFIG_MARK,
					     .mark_above = 5};

static const struct {
	const struct tg_config_limit *before;
	const char *settings[3][2];
	const char *why; /* NULL: goes through, and then is */
	uint64_t capacity, mark_above, max_delay;
	bool shadow;
} cases[] = {
	{&drops, {{"shadow", "true"}, {"capacity", "20"}}, NULL, 20, 0, 0, true},
	{&drops, {{"shadow", "false"}}, NULL, 10, 0, 0, false},
	{&drops, {{"shadow", "on"}}, "\"on\" is not known here; write true or false", 0, 0, 0, 0},
	{&delays, {{"max_delay", "500ms"}}, NULL, 10, 0, 500 * MS, false},
	{&delays, {{"max_delay", "11s"}}, "\"11s\" is out of range; write 1ms to 10s", 0, 0, 0, 0},
	{&delays, {{"max_delay", "1"}}, "\"1\" is not a duration; write it as 1s", 0, 0, 0, 0},
	{&drops, {{"max_delay", "1s"}}, "no meaning without on_exceed: delay", 0, 0, 0, 0},
	{&marks, {{"mark_above", "9"}}, NULL, 10, 9, 0, false},
	{&marks, {{"mark_above", "10"}}, "not below the capacity of 10", 0, 0, 0, 0},
	{&marks, {{"mark_above", "10"}, {"capacity", "11"}}, NULL, 11, 10, 0, false},
	{&marks, {{"capacity", "5"}}, "mark_above of 5 is not below the capacity of 5", 0, 0, 0, 0},
	{&marks, {{"mark_above", "some"}}, "\"some\" is not a number of packets", 0, 0, 0, 0},
	{&drops, {{"mark_above", "3"}}, "has no mark", 0, 0, 0, 0},
	{&delays, {{"mark_above", "3"}}, "has no mark", 0, 0, 0, 0},
	{&drops, {{"shadow", "true"}, {"rate", "soon"}}, "\"soon\" is not a rate", 0, 0, 0, 0},
	{&drops,
	 {{"on_exceed", "reject"}},
	 "\"on_exceed\" cannot be set while a limit holds; what can is capacity, burst, "
	 "refill_amount, refill_interval, rate, mark_above, max_delay and shadow; anything else is "
	 "for the file, and apply",
	 0,
	 0,
	 0,
	 0},
	{&drops, {{"per", "everyone"}}, "\"per\" cannot be set", 0, 0, 0, 0},
};

TEST(test_set)
{
	size_t i, n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_config_limit limit = *cases[i].before;
		struct tg_setting settings[3];
		char why[256] = "";
		int r;

		for (n = 0; n < 3 && cases[i].settings[n][0]; n++)
			settings[n] = (struct tg_setting){"l", cases[i].settings[n][0],
							  cases[i].settings[n][1]};
		r = tg_config_set(&limit, settings, n, why, sizeof(why));
		CHECK(r == (cases[i].why ? -EINVAL : 0), "case %zu: %d %s", i, r, why);
		if (cases[i].why) {
			CHECK(strstr(why, cases[i].why), "case %zu: %s", i, why);
			CHECK(memcmp(&limit, cases[i].before, sizeof(limit)) == 0,
			      "case %zu: changed all the same", i);
			continue;
		}
		CHECK(limit.refill.capacity == cases[i].capacity &&
			      limit.mark_above == cases[i].mark_above &&
			      limit.max_delay == cases[i].max_delay &&
			      limit.shadow == cases[i].shadow,
		      "case %zu", i);
	}
}

TEST_MAIN(RUN(test_set))
