// SPDX-License-Identifier: GPL-2.0-or-later
/* The rows of `tidegate top`: what becomes of the daemon's answers. */
#include <string.h>

#include "test.h"
#include "cli/top_rows.h"

static json_t *answer_of(const char *const names[], const int exceeded[], size_t n)
{
	json_t *sources = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		json_array_append_new(sources,
				      json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:s}", "source",
						names[i], "limit", i % 2 ? "Web" : "dns",
						"exceeded", (json_int_t)exceeded[i], "admitted",
						(json_int_t)(10 - i), "remaining", (json_int_t)i,
						"capacity", (json_int_t)10, "state", "open"));
	return json_pack("{s:o}", "sources", sources);
}

static struct tg_top_rows *read_rows(const char *const names[], const int exceeded[], size_t n,
				     uint64_t at, const struct tg_top_rows *before)
{
	struct tg_top_rows *rows = NULL;
	json_t *answer = answer_of(names, exceeded, n);

	CHECK(tg_top_rows_read(answer, at, before, &rows) == 0, "read");
	json_decref(answer);
	return rows;
}

TEST(test_rates)
{
	static const char *const first[] = {"10.0.0.1/32", "10.0.0.2/32", "10.0.0.3/32"},
				 *const second[] = {"10.0.0.9/32", "10.0.0.2/32", "10.0.0.1/32"};
	struct tg_top_rows *before, *after;

	before = read_rows(first, (int[]){100, 50, 7}, 3, 1000000000, NULL);
	CHECK(before->n == 3 && before->items[0].exceeded_rate < 0, "no rate at first");
	after = read_rows(second, (int[]){5, 150, 20}, 3, 3000000000, before);
	tg_top_rows_sort(after, TG_TOP_SOURCE);
	CHECK(strcmp(after->items[0].source, "10.0.0.1/32") == 0, "%s", after->items[0].source);
	CHECK(after->items[0].exceeded_rate == 10, "one that began anew: %f",
	      after->items[0].exceeded_rate);
	CHECK(after->items[1].exceeded_rate == 50, "%f a second", after->items[1].exceeded_rate);
	CHECK(after->items[1].admitted_rate == 0, "%f", after->items[1].admitted_rate);
	CHECK(after->items[2].exceeded_rate < 0, "one that was not there: %f",
	      after->items[2].exceeded_rate);
	tg_top_rows_sort(after, TG_TOP_EXCEEDED_RATE);
	CHECK(after->items[0].exceeded_rate == 50 && after->items[2].exceeded_rate < 0, "order");
	tg_top_rows_free(&before);
	tg_top_rows_free(&after);
}

TEST(test_orders)
{
	static const char *const names[] = {"c", "a", "b", "d"};
	struct tg_top_rows *rows = read_rows(names, (int[]){2, 9, 2, 4}, 4, 1, NULL);

	tg_top_rows_sort(rows, TG_TOP_EXCEEDED);
	CHECK(strcmp(rows->items[0].source, "a") == 0 && strcmp(rows->items[1].source, "d") == 0 &&
		      strcmp(rows->items[2].source, "b") == 0,
	      "most exceeded first, equals by name");
	tg_top_rows_sort(rows, TG_TOP_ADMITTED);
	CHECK(strcmp(rows->items[0].source, "c") == 0 && strcmp(rows->items[3].source, "d") == 0,
	      "most admitted first");
	tg_top_rows_free(&rows);
}

TEST(test_search)
{
	static const char *const names[] = {"10.0.0.1/32", "2001:DB8::/64", "10.0.1.1/32"};
	struct tg_top_rows *rows = read_rows(names, (int[]){1, 2, 3}, 3, 1, NULL);

	tg_top_rows_search(rows, "2001:db8");
	CHECK(rows->n == 1 && strcmp(rows->items[0].limit, "Web") == 0, "%zu rows", rows->n);
	tg_top_rows_free(&rows);
	rows = read_rows(names, (int[]){1, 2, 3}, 3, 1, NULL);
	tg_top_rows_search(rows, "DNS");
	CHECK(rows->n == 2, "by limit: %zu rows", rows->n);
	tg_top_rows_search(rows, "nothing");
	CHECK(rows->n == 0, "%zu rows", rows->n);
	tg_top_rows_free(&rows);
}

TEST_MAIN(RUN(test_rates), RUN(test_orders), RUN(test_search))
