// SPDX-License-Identifier: GPL-2.0-or-later
/* What sources are found to need, against sums over all pairs of packets. */
#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <stdlib.h>

#include "replay/suggestion.h"
#include "test.h"

#define MS 1000000ULL
#define S  1000000000ULL
#define T0 (100000 * S) /* a multiple of the window */

static void packet(struct tg_profile *profile, uint32_t source, uint16_t port, uint64_t now)
{
	struct tg_trace trace = {.evaluated = 1,
				 .protocol = IPPROTO_UDP,
				 .has_ports = 1,
				 .destination_port = htons(port),
				 .bytes = 100};

	trace.source.low = htobe64(0xffff00000000ULL | source);
	CHECK(tg_profile_packet(profile, &trace, now) == 0);
}

static const struct tg_profile_source *only_source(const struct tg_profile *profile)
{
	CHECK(HASH_COUNT(profile->sources) == 1);
	return profile->sources;
}

/* Any run of packets must find what it takes but for what the rate offers in its time. */
static double needed(const uint64_t *times, size_t n, double rate)
{
	double most = 0, burst;
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = i; j < n; j++) {
			burst = j - i + 1 - rate * (times[j] - times[i]) / 1e9;
			if (burst > most)
				most = burst;
		}
	}
	return most;
}

TEST(bursts_are_what_is_needed)
{
	const struct tg_profile_source *source;
	const struct tg_refill *refill;
	struct tg_profile profile = {};
	uint64_t times[600], now = T0;
	double exact;
	size_t i;

	srand(7);
	CHECK(tg_profile_start(&profile, TG_CONFIG_PER_SOURCE, 32, 64) == 0);
	for (i = 0; i < 600; i++) {
		now += rand() % 10 ? rand() % 1000 * MS / 50 : rand() % 5000 * MS;
		times[i] = now;
		packet(&profile, 0x0a000001, 53, now);
	}
	source = only_source(&profile);
	for (i = 0; i < TG_PROFILE_RATES; i++) {
		refill = &profile.refills[i];
		exact = needed(times, 600, (double)refill->amount * 1e9 / refill->interval);
		/* The bucket's rate is rounded down by less than 1e-8. */
		CHECK(tg_profile_burst(&profile, source, i) >= exact - 1e-6 &&
			      tg_profile_burst(&profile, source, i) <= ceil(exact + 1e-4),
		      "rate %zu: %llu for %f", i,
		      (unsigned long long)tg_profile_burst(&profile, source, i), exact);
	}
	tg_profile_clear(&profile);
}

TEST(rates_ascend)
{
	struct tg_profile profile = {};
	size_t i;

	CHECK(tg_profile_start(&profile, TG_CONFIG_PER_SOURCE, 32, 64) == 0);
	for (i = 1; i < TG_PROFILE_RATES; i++)
		CHECK((double)profile.refills[i - 1].amount / profile.refills[i - 1].interval <
		      (double)profile.refills[i].amount / profile.refills[i].interval);
	CHECK(profile.refills[0].amount == 1 && profile.refills[0].interval == 60 * S);
	CHECK(profile.refills[TG_PROFILE_RATES - 1].amount == 1000000 &&
	      profile.refills[TG_PROFILE_RATES - 1].interval == S);
}

/* Source i of 100 sends i packets at once: each number can be told by hand. */
TEST(quantiles_by_hand)
{
	struct tg_suggestion suggestions[TG_SUGGESTIONS_MAX];
	struct tg_profile profile = {};
	uint32_t source, i;
	size_t n;

	CHECK(tg_profile_start(&profile, TG_CONFIG_PER_SOURCE, 32, 64) == 0);
	for (source = 1; source <= 100; source++)
		for (i = 0; i < source; i++)
			packet(&profile, 0x0a000000 + source, 53, T0 + source * MS);
	CHECK(tg_suggest(&profile, 0.85, suggestions, &n) == 0 && n == 1);
	CHECK(suggestions[0].sources == 100 && suggestions[0].median == 50 &&
	      suggestions[0].quantile == 85 && suggestions[0].most == 100);
	/* 8.5/s becomes 10/s; 85 at once become 100, which the largest does not exceed. */
	CHECK(profile.refills[suggestions[0].rate].amount == 10 && suggestions[0].burst == 85);
	CHECK(suggestions[0].capacity == 100 && suggestions[0].limited == 0);
	CHECK(tg_suggest(&profile, 0.6, suggestions, &n) == 0 && n == 1);
	CHECK(suggestions[0].capacity == 60 && suggestions[0].limited == 40);
	tg_profile_clear(&profile);
}

TEST(prefixes_share)
{
	struct tg_profile profile = {};
	uint32_t i;

	CHECK(tg_profile_start(&profile, TG_CONFIG_PER_SOURCE, 24, 56) == 0);
	for (i = 0; i < 10; i++)
		packet(&profile, 0x0a000000 + i, 53, T0);
	CHECK(only_source(&profile)->packets == 10 && profile.sources->busiest == 10);
	packet(&profile, 0x0a000100, 53, T0);
	CHECK(HASH_COUNT(profile.sources) == 2);
	tg_profile_clear(&profile);
	profile = (struct tg_profile){};
	CHECK(tg_profile_start(&profile, TG_CONFIG_PER_EVERYONE, 24, 56) == 0);
	for (i = 0; i < 10; i++)
		packet(&profile, i << 20, 53, T0);
	CHECK(only_source(&profile)->packets == 10);
	tg_profile_clear(&profile);
}

/* Answers to a client's own port, and what is rare, get no limit. */
TEST(kinds_left_out)
{
	struct tg_suggestion suggestions[TG_SUGGESTIONS_MAX];
	struct tg_profile profile = {};
	uint32_t i;
	size_t n;

	CHECK(tg_profile_start(&profile, TG_CONFIG_PER_SOURCE, 32, 64) == 0);
	for (i = 0; i < 1000; i++) {
		packet(&profile, i, 53, T0);
		packet(&profile, 1, 40000, T0);	    /* one source to a high port */
		packet(&profile, i % 5, 40001, T0); /* five */
		packet(&profile, i, 443, T0);
	}
	packet(&profile, 9, 80, T0);
	CHECK(tg_suggest(&profile, 0.99, suggestions, &n) == 0 && n == 3, "%zu", n);
	for (i = 0; i < n; i++)
		CHECK(suggestions[i].kind->port == 53 || suggestions[i].kind->port == 443 ||
		      suggestions[i].kind->port == 40001);
	tg_profile_clear(&profile);
}

/* A flood of sources, with a main kind ahead of a thousand minor ones. */
TEST(memory_is_bounded)
{
	struct tg_profile profile = {};
	uint32_t i;

	CHECK(tg_profile_start(&profile, TG_CONFIG_PER_SOURCE, 32, 64) == 0);
	for (i = 0; i < TG_PROFILE_SOURCES; i++)
		packet(&profile, i, i % 2 ? 53 : i % 2000 + 1000, T0);
	CHECK(HASH_COUNT(profile.sources) == TG_PROFILE_SOURCES && !profile.full);
	packet(&profile, i, 53, T0); /* makes room by the minor kinds */
	CHECK(HASH_COUNT(profile.sources) < TG_PROFILE_SOURCES * 6 / 10 && !profile.full);
	for (i = 0; i < TG_PROFILE_SOURCES; i++)
		packet(&profile, 0x40000000 + i, 53, T0);
	CHECK(HASH_COUNT(profile.sources) == TG_PROFILE_SOURCES && profile.full);
	tg_profile_clear(&profile);
}

TEST(rounding_up)
{
	static const uint64_t pairs[][2] = {
		{1, 1},	    {2, 2},	{7, 8},	    {9, 10},	{11, 12},   {13, 15},	{90, 100},
		{101, 120}, {121, 150}, {151, 200}, {201, 250}, {251, 300}, {999, 1000}};
	size_t i;

	for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
		CHECK(tg_round_up(pairs[i][0]) == pairs[i][1], "%llu: %llu",
		      (unsigned long long)pairs[i][0],
		      (unsigned long long)tg_round_up(pairs[i][0]));
}

TEST_MAIN(RUN(bursts_are_what_is_needed), RUN(rates_ascend), RUN(quantiles_by_hand),
	  RUN(prefixes_share), RUN(kinds_left_out), RUN(memory_is_bounded), RUN(rounding_up))
