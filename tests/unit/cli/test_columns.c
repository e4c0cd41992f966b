// SPDX-License-Identifier: GPL-2.0-or-later
/* Tables for people and scripts: columns as chosen, and nothing in them that a terminal obeys. */
#include <stdlib.h>
#include <unistd.h>

#include "cli/columns.h"
#include "test.h"

static const struct tg_column columns[] = {
	TG_COLUMN("name", "NAME"),
	TG_COLUMN("number", "NUMBER", .right = true),
	TG_COLUMN("ends_in", "ENDS IN"),
	TG_COLUMN("seen", "SEEN", .right = true, .extra = true),
	{},
};

static const struct tg_column fixed[] = {
	TG_COLUMN("one", "ONE", .width = 6),
	TG_COLUMN("two", "TWO", .width = 5, .right = true),
	TG_COLUMN("three", ""),
	{},
};

static void check_table(const struct tg_column *of, json_t *rows, const char *chosen, bool headings,
			const char *expected)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	CHECK(tg_columns_print(of, rows, chosen, headings, out) == 0);
	fclose(out);
	CHECK(strcmp(text, expected) == 0, "\n%s, not\n%s", text, expected);
	free(text);
	json_decref(rows);
}

static json_t *two_rows(void)
{
	return json_pack("[[s,I,s,I],[s,I,s,I]]", "longer", (json_int_t)7, "x", (json_int_t)1, "b",
			 (json_int_t)12345678, "", (json_int_t)22);
}

TEST(test_all)
{
	check_table(columns, two_rows(), NULL, true,
		    "NAME     NUMBER ENDS IN\n"
		    "longer        7 x\n"
		    "b      12345678\n");
	check_table(columns, two_rows(), NULL, false,
		    "longer        7 x\n"
		    "b      12345678\n");
}

TEST(test_no_rows)
{
	check_table(columns, json_array(), NULL, true, "NAME NUMBER ENDS IN\n");
	check_table(columns, json_array(), NULL, false, "");
}

TEST(test_chosen)
{
	check_table(columns, two_rows(), "seen,name", true,
		    "SEEN NAME\n"
		    "   1 longer\n"
		    "  22 b\n");
	check_table(columns, two_rows(), "NUMBER", false,
		    "       7\n"
		    "12345678\n");
	check_table(columns, two_rows(), "other,ends_in", true, "ENDS IN\nx\n\n");
	check_table(columns, two_rows(), "other", true, "");
}

/* In parts, so that what comes later stands in the same places. */
TEST(test_fixed)
{
	check_table(fixed, json_array(), NULL, true, "ONE      TWO\n");
	check_table(fixed, json_pack("[[s,I,s]]", "a", (json_int_t)1, ""), NULL, false,
		    "a          1\n");
	check_table(fixed, json_pack("[[s,I,s]]", "longer one", (json_int_t)1, "more"), NULL, false,
		    "longer one     1 more\n");
}

TEST(test_empty_cells)
{
	check_table(columns, json_pack("[[s,I,s,I]]", "", (json_int_t)1, "x", (json_int_t)1), NULL,
		    false, "  1 x\n");
	check_table(columns, json_pack("[[s,s,s,s]]", "", "", "", ""), NULL, false, "\n");
	check_table(fixed, json_pack("[[s,s,s]]", "", "", "x"), NULL, false, "             x\n");
}

TEST(test_hostile)
{
	check_table(fixed, json_pack("[[s,s,s]]", "\x1b[31m", "\b\r\n\t", "\xc2\x9b\x7f"), NULL,
		    false, "\\x1b[31m \\x08\\x0d\\x0a\\x09 \\xc2\\x9b\\x7f\n");
	check_table(fixed, json_pack("[[s,s,s]]", "\\x1b", "", "caf\xc3\xa9"), NULL, false,
		    "\\x5cx1b       caf\xc3\xa9\n");
	/* what looks wide is wide: a column is counted in characters, not bytes */
	check_table(fixed, json_pack("[[s,s,s]]", "\xc3\xa9\xc3\xa9", "\xe6\x97\xa5", "."), NULL,
		    false, "\xc3\xa9\xc3\xa9        \xe6\x97\xa5 .\n");
	/* no jansson text holds what is not UTF-8, but a title could */
	check_table((const struct tg_column[]){TG_COLUMN("a", "\xff!"), {}}, json_array(), NULL,
		    true, "\\xff!\n");
}

/* Though it would not fit a narrow terminal. */
TEST(test_nothing_is_cut)
{
	char note[400] = "";
	json_t *rows;

	memset(note, 'n', sizeof(note) - 2);
	rows = json_pack("[[s]]", note);
	note[sizeof(note) - 2] = '\n';
	setenv("COLUMNS", "20", 1);
	check_table((const struct tg_column[]){TG_COLUMN("note", "NOTE"), {}}, rows, NULL, false,
		    note);
}

/* Standard error goes to a file, of which @text gets what is in it. */
static bool says(const char *chosen, bool known, const char *words)
{
	const struct tg_column *const tables[] = {columns, fixed, NULL};
	FILE *log = tmpfile();
	int kept = dup(STDERR_FILENO);
	char text[1024] = "";
	bool answer;

	dup2(fileno(log), STDERR_FILENO);
	answer = tg_columns_check(tables, chosen);
	dup2(kept, STDERR_FILENO);
	close(kept);
	rewind(log);
	text[fread(text, 1, sizeof(text) - 1, log)] = '\0';
	fclose(log);
	CHECK(answer == known && (words ? strstr(text, words) != NULL : !*text), "%s: %s", chosen,
	      text);
	return answer;
}

TEST(test_check)
{
	CHECK(says("name", true, NULL));
	CHECK(says("Name,SEEN,two,name", true, NULL));
	says("nam", false,
	     "there is no column \"nam\"; there are name, number, ends_in, seen, one, two, three");
	says("name,", false, "there is no column \"\"");
	says("", false, "there is no column \"\"");
	says("name,\x1b[1m", false, "there is no column \"?[1m\"");
}

TEST_MAIN(RUN(test_all), RUN(test_no_rows), RUN(test_chosen), RUN(test_fixed),
	  RUN(test_empty_cells), RUN(test_hostile), RUN(test_nothing_is_cut), RUN(test_check))
