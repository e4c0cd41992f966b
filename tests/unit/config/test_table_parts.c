// SPDX-License-Identifier: GPL-2.0-or-later
/* How the table is divided among the limits. */
#include "config/load.h"
#include "config/table_parts.h"
#include "test.h"

#define MOST 4

#define SOURCE(name, keys) "  - {name: " name ", capacity: 1, rate: 1/s" keys "}\n"
#define A		   SOURCE("a", "")
#define B		   SOURCE("b", "")
#define C		   SOURCE("c", "")
#define EVERYONE	   SOURCE("e", ", per: everyone")

static const struct {
	const char *table, *limits;
	uint32_t reserved[MOST], open;
} cases[] = {
	{"size: 1024", "", {0}, 1024},
	{"size: 1024", A, {512}, 512},
	{"size: 1024", A B, {256, 256}, 512},
	{"size: 1000", A B C, {166, 166, 166}, 502}, /* what is left over is open */
	{"size: 1024, reserve: 0", A B, {0, 0}, 1024},
	{"size: 1024, reserve: 1", A B, {512, 512}, 0},
	{"size: 1024, reserve: 25%", A B, {128, 128}, 768},
	{"size: 16777216, reserve: 0.9999", A, {16775538}, 1678},
	/* who has one bucket needs no more, and has it whatever is reserved */
	{"size: 1025", A EVERYONE, {512, 1}, 512},
	{"size: 1025", EVERYONE A, {1, 512}, 512},
	{"size: 1025, reserve: 0", A EVERYONE, {0, 1}, 1024},
	{"size: 1025", EVERYONE, {1}, 1024},
	{"size: 1024", SOURCE("e", ", per: [everyone, destination_port]"), {512}, 512},
	{"size: 1024",
	 SOURCE("k", ", per: key") SOURCE("d", ", per: destination"),
	 {256, 256},
	 512},
	/* shares come first, and the others have equal parts of the rest */
	{"size: 1000", SOURCE("a", ", table_share: 10%") B C, {100, 200, 200}, 500},
	{"size: 1000", A SOURCE("b", ", table_share: 30%") C, {100, 300, 100}, 500},
	{"size: 1000", A SOURCE("b", ", table_share: 50%"), {0, 500}, 500},
	{"size: 1000", SOURCE("a", ", table_share: 10%"), {100}, 900},
	{"size: 1000", A SOURCE("b", ", table_share: 0%"), {500, 0}, 500},
	{"size: 1000, reserve: 100%", SOURCE("a", ", table_share: 100%") EVERYONE, {999, 1}, 0},
	{"size: 1000, reserve: 0.5", SOURCE("a", ", table_share: 12.34%") B, {123, 377}, 500},
	/* tables of fewer places than limits */
	{"size: 1", A, {0}, 1},
	{"size: 1", A EVERYONE, {0, 1}, 0},
	{"size: 1", EVERYONE SOURCE("f", ", per: everyone"), {1, 0}, 0},
	{"size: 3", A B, {0, 0}, 3},
};

TEST(test_division)
{
	struct tg_diagnostics diagnostics = {};
	struct tg_table_division division;
	struct tg_config *config;
	char yaml[1024];
	uint32_t sum;
	size_t i, j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		config = NULL;
		snprintf(yaml, sizeof(yaml),
			 "interfaces: [{name: lo}]\non_stop: keep\ntable: {%s}\n%s%s",
			 cases[i].table, *cases[i].limits ? "limits:\n" : "", cases[i].limits);
		CHECK(tg_config_parse("t.yaml", yaml, strlen(yaml), &config, &diagnostics) == 0,
		      "%s: %s", yaml, diagnostics.n ? diagnostics.items[0].message : "");
		tg_diagnostics_clear(&diagnostics);
		if (!config)
			continue;
		tg_config_divide_table(config, &division);
		CHECK(division.open == cases[i].open, "%s: %u are open", yaml, division.open);
		sum = division.open;
		for (j = 0; j < config->limits_n; j++) {
			CHECK(division.reserved[j] == cases[i].reserved[j], "%s: limit %zu has %u",
			      yaml, j, division.reserved[j]);
			sum += division.reserved[j];
		}
		CHECK(sum == config->table_size, "%s: %u in all", yaml, sum);
		tg_config_free(&config);
	}
}

TEST_MAIN(RUN(test_division))
