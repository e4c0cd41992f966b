/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings changed while a limit holds. */
#include "test.h"

#include <errno.h>

#include "config/set.h"

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
	 "refill_amount, refill_interval, rate, mark_above, max_delay, new_sources and shadow; "
	 "anything else is for the file, and apply",
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

#define SECOND 1000000000ULL
#define WRITE                                                                                      \
	"; write it as 'new_sources={rate: 10000/s, burst: 20000}', in quotes and with a space "   \
	"after each colon"

static const struct tg_config_limit
	none = {.name = "l", .refill = {10, 1, SECOND, true}},
	some = {.name = "l", .refill = {10, 1, SECOND, true}, .new_sources = {9, 1, SECOND, true}},
	together = {.name = "l", .refill = {10, 1, SECOND, true}, .per = TG_CONFIG_PER_EVERYONE},
	bytes = {.name = "l", .refill = {10, 1, SECOND, true}, .unit = TG_CONFIG_BYTES};

static const struct {
	const struct tg_config_limit *before;
	const char *value, *why;
	uint64_t burst, interval; /* of one source each */
} new_source_cases[] = {
	{&none, "{rate: 2000/s, burst: 20000}", NULL, 20000, SECOND / 2000},
	{&some, "{burst: 5, rate: 10/m}", NULL, 5, 6 * SECOND},
	{&some, "{\"rate\": \"3/h\", \"burst\": 2}", NULL, 2, 1200 * SECOND},
	{&bytes, "{rate: 4/s, burst: 4}", NULL, 4, SECOND / 4},
	{&some, "\t{rate: 4/s, burst: 4} \t", NULL, 4, SECOND / 4},
	/* as the file has it, and no more */
	{&some, "2000/s", "\"2000/s\" is no rate and burst of new_sources" WRITE, 0, 0},
	{&some, "[{rate: 1/s, burst: 1}]", WRITE, 0, 0},
	{&some, "{rate: 1/s, burst: 1", WRITE, 0, 0},
	{&some, "{rate: 1/s, burst: 1}}", WRITE, 0, 0},
	{&some, "{rate: 1/s, burst: 1}\nshadow: true", WRITE, 0, 0},
	{&some, "{rate: 1/s, burst: 1}\xe2\x80\xa8shadow: true", WRITE, 0, 0},
	{&some, "\n  rate: 1/s\n  burst: 1", WRITE, 0, 0},
	{&some, "{rate: 1/s, burst: 1,\xe2\x80\xa9}", WRITE, 0, 0},
	{&some, "{rate: 1/s, burst: 1 # one\xe2\x80\xa8}", WRITE, 0, 0},
	{&some, "{rate: 1/s, burst: 1, \xc2\x85}", WRITE, 0, 0},
	{&some, "{rate: 1/s, burst: 1} #", WRITE, 0, 0},
	{&some, "{rate: 1/s, rate: 2/s, burst: 1}", WRITE, 0, 0},
	{&some, "",
	 "cannot be taken away while a limit holds; leave it out of the file, and reload", 0, 0},
	{&some, "null", "cannot be taken away", 0, 0},
	/* what is in it */
	{&some, "{rate: 1/s}", "new_sources: \"burst\" is missing; write how many", 0, 0},
	{&some, "{rate: 1/s, burst: 1, max: 3}", "new_sources: unknown key \"max\"", 0, 0},
	{&some, "{rate:30/s, burst:400}",
	 "new_sources: unknown key \"rate:30/s\"; the keys here are rate, burst" WRITE, 0, 0},
	{&some, "{rate: 1MB/s, burst: 5}", "new_sources.rate: \"1MB/s\" is not a rate", 0, 0},
	{&some, "{rate: 0/s, burst: 5}", "new_sources.rate: \"0/s\" is out of range", 0, 0},
	{&some, "{rate: 1/s, burst: 0}", "new_sources.burst: \"0\" is not a number from 1 to", 0,
	 0},
	{&some, "{rate: 1/d, burst: 2000}", "new_sources: an empty bucket would need", 0, 0},
	{&together, "{rate: 1/s, burst: 1}", "no meaning with per: everyone", 0, 0},
};

TEST(test_set_new_sources)
{
	size_t i;

	for (i = 0; i < sizeof(new_source_cases) / sizeof(new_source_cases[0]); i++) {
		struct tg_setting setting = {"l", "new_sources", new_source_cases[i].value};
		struct tg_config_limit limit = *new_source_cases[i].before;
		const struct tg_refill *set = &limit.new_sources;
		char why[256] = "";
		int r = tg_config_set(&limit, &setting, 1, why, sizeof(why));

		CHECK(r == (new_source_cases[i].why ? -EINVAL : 0), "case %zu: %d %s", i, r, why);
		if (new_source_cases[i].why) {
			CHECK(strstr(why, new_source_cases[i].why), "case %zu: %s", i, why);
			CHECK(memcmp(&limit, new_source_cases[i].before, sizeof(limit)) == 0,
			      "case %zu: changed all the same", i);
			continue;
		}
		CHECK(set->capacity == new_source_cases[i].burst && set->amount == 1 &&
			      set->interval == new_source_cases[i].interval && set->continuous,
		      "case %zu", i);
		CHECK(limit.refill.capacity == 10 && limit.refill.interval == SECOND, "case %zu",
		      i);
	}
}

TEST_MAIN(RUN(test_set), RUN(test_set_new_sources))
