// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables for people: aligned whatever is in them, and no wider than that. */
#include <stdlib.h>

#include "columns.h"
#include "test.h"

static void check_table(json_t *rows, const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	tg_columns_print(rows, out);
	fclose(out);
	CHECK(strcmp(text, expected) == 0, "%s", text);
	free(text);
	json_decref(rows);
}

TEST(test_columns)
{
	check_table(json_pack("[[s,s,s],[s,I,s],[s,I,s]]", "A", "NUMBER", "LAST", "longer",
			      (json_int_t)7, "x", "b", (json_int_t)12345678, "yes"),
		    "A        NUMBER LAST\n"
		    "longer        7 x\n"
		    "b      12345678 yes\n");
	check_table(json_pack("[[s,s]]", "ONLY", "TITLES"), "ONLY TITLES\n");
	check_table(json_array(), "");
}

TEST_MAIN(RUN(test_columns))
