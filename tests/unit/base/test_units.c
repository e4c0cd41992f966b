/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <inttypes.h>
#include <stdint.h>

#include "base/units.h"

#define SECOND	  1000000000ULL
#define UNTOUCHED 0xdeadbeefULL
#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))

struct number_case {
	const char *text;
	int result;
	uint64_t value;
};

static void check_numbers(const struct number_case *cases, size_t n,
			  int (*parse)(const char *, uint64_t *))
{
	size_t i;

	for (i = 0; i < n; i++) {
		uint64_t value = UNTOUCHED;
		int r = parse(cases[i].text, &value);

		CHECK(r == cases[i].result, "\"%s\" gave %d", cases[i].text, r);
		CHECK(value == (r ? UNTOUCHED : cases[i].value), "\"%s\" gave %" PRIu64,
		      cases[i].text, value);
	}
}

static int parse_part(const char *text, uint64_t *value)
{
	uint32_t part = 0;
	int r = tg_parse_part(text, 10000, &part);

	if (r == 0)
		*value = part;
	return r;
}

TEST(test_parts)
{
	static const struct number_case cases[] = {
		{"0", 0, 0},
		{"0.0", 0, 0},
		{"0%", 0, 0},
		{"0.5", 0, 5000},
		{"50%", 0, 5000},
		{"1", 0, 10000},
		{"1.000000", 0, 10000},
		{"100%", 0, 10000},
		{"0.0001", 0, 1},
		{"0.01%", 0, 1},
		{"99.99%", 0, 9999},
		{"12.340000%", 0, 1234},
		{"1.0001", -ERANGE, 0},
		{"100.01%", -ERANGE, 0},
		{"50", -ERANGE, 0},
		{"0.00001", -ERANGE, 0},
		{"0.001%", -ERANGE, 0},
		{"99999999999999999999999999%", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"%", -EINVAL, 0},
		{"5 %", -EINVAL, 0},
		{"5%%", -EINVAL, 0},
		{"05%", -EINVAL, 0},
		{"-5%", -EINVAL, 0},
		{"5.%", -EINVAL, 0},
		{"1/2", -EINVAL, 0},
		{"half", -EINVAL, 0},
	};

	check_numbers(cases, COUNT(cases), parse_part);
}

TEST(test_durations)
{
	static const struct number_case cases[] = {
		{"1ns", 0, 1},
		{"3us", 0, 3000},
		{"250ms", 0, 250000000},
		{"1s", 0, SECOND},
		{"2m", 0, 120 * SECOND},
		{"3h", 0, 10800 * SECOND},
		{"1d", 0, 86400 * SECOND},
		{"0s", 0, 0},
		{"01s", -EINVAL, 0},
		{"1.5s", 0, 1500000000},
		{"0.25us", 0, 250},
		{"1.500000000000s", 0, 1500000000},
		{"0.5ns", -ERANGE, 0},
		{"1.0000000001s", -ERANGE, 0},
		{"213504d", -ERANGE, 0},
		{"213503d", 0, 213503ULL * 86400 * SECOND},
		{"18446744073709551615ns", 0, UINT64_MAX},
		{"18446744073709551616ns", -ERANGE, 0},
		{"99999999999999999999999999999999s", -ERANGE, 0},
		{"", -EINVAL, 0},
		{"1", -EINVAL, 0},
		{"s", -EINVAL, 0},
		{"1 s", -EINVAL, 0},
		{" 1s", -EINVAL, 0},
		{"1s ", -EINVAL, 0},
		{"-1s", -EINVAL, 0},
		{"+1s", -EINVAL, 0},
		{"1sec", -EINVAL, 0},
		{"1.s", -EINVAL, 0},
		{".5s", -EINVAL, 0},
		{"1e3s", -EINVAL, 0},
		{"1S", -EINVAL, 0},
		{"99999999999999999999999 sec", -EINVAL, 0},
		{"1w", -EINVAL, 0},
	};

	check_numbers(cases, COUNT(cases), tg_parse_duration);
}

TEST(test_sizes)
{
	static const struct number_case cases[] = {
		{"0", 0, 0},
		{"1500", 0, 1500},
		{"1B", 0, 1},
		{"2kB", 0, 2000},
		{"3MB", 0, 3000000},
		{"4GB", 0, 4000000000},
		{"64KiB", 0, 65536},
		{"1MiB", 0, 1048576},
		{"2GiB", 0, 1ULL << 31},
		{"1.5KiB", 0, 1536},
		{"0.5", -ERANGE, 0},
		{"1.0001kB", -ERANGE, 0},
		{"17179869183GiB", 0, 17179869183ULL << 30},
		{"17179869184GiB", -ERANGE, 0},
		{"KiB", -EINVAL, 0},
		{"1KB", -EINVAL, 0},
		{"1mb", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"0x10", -EINVAL, 0},
		{"1Mbit", -EINVAL, 0},
	};

	check_numbers(cases, COUNT(cases), tg_parse_size);
}

TEST(test_numbers)
{
	static const struct number_case cases[] = {
		{"0", 0, 0},
		{"010", -EINVAL, 0},
		{"00", -EINVAL, 0},
		{"18446744073709551615", 0, UINT64_MAX},
		{"18446744073709551616", -ERANGE, 0},
		{"99999999999999999999", -ERANGE, 0},
		{"184467440737095516161", -ERANGE, 0}, /* wraps to 1 */
		{"", -EINVAL, 0},
		{"-1", -EINVAL, 0},
		{"1.0", -EINVAL, 0},
		{"1_000", -EINVAL, 0},
		{"ten", -EINVAL, 0},
	};

	check_numbers(cases, COUNT(cases), tg_parse_number);
}

TEST(test_rates)
{
	static const struct {
		const char *text;
		int result;
		enum tg_rate_kind kind;
		uint64_t amount, interval;
	} cases[] = {
		{"1000/s", 0, TG_RATE_COUNT, 1, 1000000},
		{"1/s", 0, TG_RATE_COUNT, 1, SECOND},
		{"10/m", 0, TG_RATE_COUNT, 1, 6 * SECOND},
		{"5/h", 0, TG_RATE_COUNT, 1, 720 * SECOND},
		{"1/d", 0, TG_RATE_COUNT, 1, 86400 * SECOND},
		{"1.5/s", 0, TG_RATE_COUNT, 3, 2 * SECOND},
		{"0.001/d", 0, TG_RATE_COUNT, 1, 86400000 * SECOND},
		{"10Mbit/s", 0, TG_RATE_BYTES, 1, 800},
		{"2.5Gbit/s", 0, TG_RATE_BYTES, 5, 16},
		{"8bit/s", 0, TG_RATE_BYTES, 1, SECOND},
		{"1bit/s", 0, TG_RATE_BYTES, 1, 8 * SECOND},
		{"1kbit/m", 0, TG_RATE_BYTES, 1, 480000000},
		{"1MiB/s", 0, TG_RATE_BYTES, 2048, 1953125},
		{"1B/s", 0, TG_RATE_BYTES, 1, SECOND},
		{"0/s", -ERANGE, 0, 0, 0},
		{"010/s", -EINVAL, 0, 0, 0},
		{"0.0Mbit/s", -ERANGE, 0, 0, 0},
		{"99999999999999999999/s", -ERANGE, 0, 0, 0},
		{"18446744073709551615GiB/s", -ERANGE, 0, 0, 0},
		{"0.0000000001/s", -ERANGE, 0, 0, 0},
		{"soon", -EINVAL, 0, 0, 0},
		{"", -EINVAL, 0, 0, 0},
		{"10", -EINVAL, 0, 0, 0},
		{"10/", -EINVAL, 0, 0, 0},
		{"/s", -EINVAL, 0, 0, 0},
		{"10/ms", -EINVAL, 0, 0, 0},
		{"10/s/s", -EINVAL, 0, 0, 0},
		{"10 /s", -EINVAL, 0, 0, 0},
		{"10kk/s", -EINVAL, 0, 0, 0},
		{"10Mbit", -EINVAL, 0, 0, 0},
		{"10mbit/s", -EINVAL, 0, 0, 0},
		{"-1/s", -EINVAL, 0, 0, 0},
		{"99999999999999999999/x", -EINVAL, 0, 0, 0},
	};
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		uint64_t amount = UNTOUCHED, interval = UNTOUCHED;
		enum tg_rate_kind kind = 7;
		int r = tg_parse_rate(cases[i].text, &kind, &amount, &interval);

		CHECK(r == cases[i].result, "\"%s\" gave %d", cases[i].text, r);
		CHECK(kind == (r ? 7 : cases[i].kind), "\"%s\"", cases[i].text);
		CHECK(amount == (r ? UNTOUCHED : cases[i].amount), "\"%s\" gave %" PRIu64,
		      cases[i].text, amount);
		CHECK(interval == (r ? UNTOUCHED : cases[i].interval), "\"%s\" gave %" PRIu64,
		      cases[i].text, interval);
	}
}

TEST(test_format_duration)
{
	static const struct {
		uint64_t ns;
		const char *text;
	} cases[] = {
		{0, "0s"},
		{1, "1ns"},
		{1500, "1500ns"},
		{1500000000, "1500ms"},
		{SECOND, "1s"},
		{60 * SECOND, "1m"},
		{90 * SECOND, "90s"},
		{3600 * SECOND, "1h"},
		{86400 * SECOND, "1d"},
		{UINT64_MAX, "18446744073709551615ns"},
	};
	char text[64];
	size_t i;

	for (i = 0; i < COUNT(cases); i++)
		CHECK(strcmp(tg_format_duration(cases[i].ns, text, sizeof(text)), cases[i].text) ==
			      0,
		      "got %s, not %s", text, cases[i].text);
}

TEST(test_format_rate_exact)
{
	static const char *const rates[] = {
		"1000/s", "1/s",     "10/m",	"5/h",	  "1/d",     "7/m",    "10Mbit/s",
		"1MiB/s", "1Gbit/s", "1kbit/s", "1bit/s", "64KiB/s", "31kB/m", "150/m",
	};
	uint64_t amount, interval;
	enum tg_rate_kind kind;
	char text[64];
	size_t i;

	for (i = 0; i < COUNT(rates); i++) {
		CHECK(tg_parse_rate(rates[i], &kind, &amount, &interval) == 0, "%s", rates[i]);
		tg_format_rate(kind, amount, interval, text, sizeof(text));
		CHECK(strcmp(text, rates[i]) == 0, "%s became %s", rates[i], text);
	}
}

TEST(test_format_rate_inexact)
{
	uint64_t amount, interval;
	enum tg_rate_kind kind;
	char text[64];

	tg_format_rate(TG_RATE_COUNT, 5, 7 * SECOND, text, sizeof(text));
	CHECK(strcmp(text, "42.857142857/m") == 0, "%s", text);
	tg_format_rate(TG_RATE_COUNT, 1, 7 * 86400 * SECOND, text, sizeof(text));
	CHECK(strcmp(text, "0.142857142/d") == 0, "%s", text);
	tg_format_rate(TG_RATE_BYTES, 1, 3 * SECOND, text, sizeof(text));
	CHECK(tg_parse_rate(text, &kind, &amount, &interval) == 0, "%s", text);
	CHECK(kind == TG_RATE_BYTES, "%s", text);
	tg_format_rate(TG_RATE_COUNT, UINT64_MAX, 1, text, sizeof(text));
	tg_format_rate(TG_RATE_BYTES, UINT64_MAX, UINT64_MAX - 1, text, sizeof(text));
	tg_format_rate(TG_RATE_BYTES, 1, UINT64_MAX, text, sizeof(text));
	CHECK(strlen(text) > 0, "%s", text);
}

TEST_MAIN(RUN(test_parts), RUN(test_durations), RUN(test_sizes), RUN(test_numbers), RUN(test_rates),
	  RUN(test_format_duration), RUN(test_format_rate_exact), RUN(test_format_rate_inexact))
