/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `check` says about limits that are valid and hardly meant. */
#include "test.h"

#include "config_advice.h"

#define HEAD		   "interfaces: [{name: lo}]\nlimits:\n"
#define EVERYONE	   "  - {name: all, per: everyone, capacity: 1000000, rate: 1000000/s}\n"
#define ONE(keys)	   HEAD "  - {name: a, " keys "}\n" EVERYONE
#define TWO(first, second) HEAD "  - {name: a, " first "}\n  - {name: b, " second "}\n" EVERYONE

static const struct {
	const char *text;
	const char *wanted[3]; /* in order; ends with NULL */
} cases[] = {
	{ONE("capacity: 10, rate: 10/s"), {NULL}},
	{HEAD "  - {name: a, capacity: 10, rate: 10/s}\n", {"no limit bounds everyone"}},
	{HEAD "  - {name: a, per: everyone, match: {protocol: udp}, capacity: 10, rate: 1/s}\n",
	 {NULL}},
	/* IPv6 prefixes */
	{ONE("prefix: {ipv6: 128}, capacity: 10, rate: 10/s"),
	 {"limits[0].prefix: with ipv6: 128"}},
	{ONE("prefix: {ipv6: 65}, capacity: 10, rate: 10/s"), {"with ipv6: 65"}},
	{ONE("prefix: {ipv6: 64}, capacity: 10, rate: 10/s"), {NULL}},
	{ONE("per: destination, prefix: {ipv6: 128}, capacity: 10, rate: 10/s"), {NULL}},
	/* the clock's grain */
	{ONE("capacity: 10, refill_amount: 1, refill_interval: 999us"), {"below the grain"}},
	{ONE("capacity: 10, refill_amount: 1, refill_interval: 1ms"), {NULL}},
	{ONE("capacity: 10, rate: 1000000/s"), {NULL}},
	/* never reached */
	{TWO("capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s"), {"limits[1]: b can never"}},
	{TWO("capacity: 20, rate: 20/s", "capacity: 10, rate: 10/s"), {"limits[0]: a can never"}},
	{TWO("capacity: 10, rate: 10/s", "capacity: 10, rate: 10/s"), {"limits[1]: b can never"}},
	{TWO("capacity: 10, rate: 10/s", "capacity: 20, rate: 5/s"), {NULL}},
	{TWO("capacity: 10, rate: 10/s", "capacity: 9, rate: 20/s"), {NULL}},
	{TWO("capacity: 10, rate: 10/s", "unit: bytes, capacity: 2000, rate: 20kB/s"), {NULL}},
	{TWO("capacity: 10, rate: 10/s", "prefix: {ipv4: 24}, capacity: 20, rate: 20/s"), {NULL}},
	{TWO("prefix: {ipv4: 24, ipv6: 56}, capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never be reached, because a"}},
	{TWO("prefix: {ipv4: 24, ipv6: 65}, capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s"),
	 {"with ipv6: 65"}},
	{TWO("per: everyone, capacity: 10, rate: 10/s",
	     "per: destination, capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never", "limits[2]: all can never"}},
	{TWO("per: [source, protocol], capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s"),
	 {NULL}},
	{TWO("capacity: 10, rate: 10/s", "per: [source, protocol], capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never"}},
	/* what matches */
	{TWO("match: {protocol: udp}, capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s"),
	 {NULL}},
	{TWO("capacity: 10, rate: 10/s", "match: {protocol: udp}, capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never"}},
	{TWO("match: {length: 0-100}, capacity: 10, rate: 10/s",
	     "match: {length: 10-20, protocol: udp}, capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never"}},
	{TWO("match: {length: 0-100}, capacity: 10, rate: 10/s",
	     "match: {length: 10-101}, capacity: 20, rate: 20/s"),
	 {NULL}},
	{TWO("match: {destination_port: 0-65535}, capacity: 10, rate: 10/s",
	     "match: {destination_port: {not: 53}}, capacity: 20, rate: 20/s"),
	 {NULL}},
	{TWO("match: {source: 10.0.0.0/8}, capacity: 10, rate: 10/s",
	     "match: {source: 10.0.0.0/8, protocol: tcp}, capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never"}},
	{TWO("match: {source: 10.0.0.0/8}, capacity: 10, rate: 10/s",
	     "match: {source: 11.0.0.0/8}, capacity: 20, rate: 20/s"),
	 {NULL}},
	{TWO("match: {fragment: true}, capacity: 10, rate: 10/s", "capacity: 20, rate: 20/s"),
	 {NULL}},
	/* steps: the tighter one may be a step ahead, the looser one a step late */
	{TWO("capacity: 10, refill_amount: 10, refill_interval: 1s",
	     "capacity: 10, refill_amount: 20, refill_interval: 1s"),
	 {"limits[1]: b can never"}},
	{TWO("capacity: 10, refill_amount: 10, refill_interval: 1s", "capacity: 19, rate: 20/s"),
	 {NULL}},
	{TWO("capacity: 10, refill_amount: 10, refill_interval: 1s", "capacity: 20, rate: 20/s"),
	 {"limits[1]: b can never"}},
	{TWO("capacity: 10, rate: 10/s", "capacity: 19, refill_amount: 20, refill_interval: 1s"),
	 {NULL}},
	{TWO("capacity: 10, rate: 10/s", "capacity: 20, refill_amount: 20, refill_interval: 1s"),
	 {"limits[1]: b can never"}},
};

TEST(test_advice)
{
	size_t i, n;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_diagnostics diagnostics = {0};
		struct tg_config *config = NULL;

		CHECK(tg_config_parse("t.yaml", cases[i].text, strlen(cases[i].text), &config,
				      &diagnostics) == 0,
		      "%s", cases[i].text);
		if (!config)
			continue;
		tg_diagnostics_clear(&diagnostics);
		tg_config_advise(config, &diagnostics);
		for (n = 0; cases[i].wanted[n]; n++)
			CHECK(n < diagnostics.n &&
				      strstr(diagnostics.items[n].message, cases[i].wanted[n]),
			      "want %s, got %s, for %s", cases[i].wanted[n],
			      n < diagnostics.n ? diagnostics.items[n].message : "nothing",
			      cases[i].text);
		CHECK(diagnostics.n == n, "%zu warnings, want %zu: %s: %s", diagnostics.n, n,
		      cases[i].text, diagnostics.n ? diagnostics.items[0].message : "");
		CHECK(diagnostics.errors == 0);
		tg_diagnostics_clear(&diagnostics);
		tg_config_free(&config);
	}
}

TEST_MAIN(RUN(test_advice))
