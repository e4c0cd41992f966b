// SPDX-License-Identifier: GPL-2.0-or-later
/* Text from outside, made safe to show: escaped, quoted, or with question marks. */
#include <string.h>

#include "base/text.h"
#include "test.h"

static const struct {
	const char *bytes;
	const char *escape; /* of the first character; "": shown as it is */
	size_t n;	    /* its bytes */
} characters[] = {
	{"a", "", 1},
	{" ", "", 1},
	{"~", "", 1},
	{"\t", "", 1},
	{"\n", "\\x0a", 1},
	{"\r", "\\x0d", 1},
	{"\x1b[2J", "\\x1b", 1},
	{"\a", "\\x07", 1},
	{"\x7f", "\\u007f", 1},
	{"\xc2\x80", "\\u0080", 2},
	{"\xc2\x85", "\\u0085", 2},
	{"\xc2\x9b"
	 "2J",
	 "\\u009b", 2},
	{"\xc2\x9f", "\\u009f", 2},
	{"\xc2\xa0", "", 2},
	{"\xc3\xa9", "", 2},
	{"\xd8\x9c", "\\u061c", 2},
	{"\xe2\x80\x8d", "", 3}, /* U+200D joins, as in names of people */
	{"\xe2\x80\x8e", "\\u200e", 3},
	{"\xe2\x80\x8f", "\\u200f", 3},
	{"\xe2\x80\xa7", "", 3},
	{"\xe2\x80\xa8", "\\u2028", 3},
	{"\xe2\x80\xa9", "\\u2029", 3},
	{"\xe2\x80\xaa", "\\u202a", 3},
	{"\xe2\x80\xae", "\\u202e", 3},
	{"\xe2\x80\xaf", "", 3},
	{"\xe2\x81\xa5", "", 3},
	{"\xe2\x81\xa6", "\\u2066", 3},
	{"\xe2\x81\xa9", "\\u2069", 3},
	{"\xe2\x81\xaa", "", 3},
	{"\xef\xbf\xbd", "", 3},
	{"\xef\xbf\xbe", "\\ufffe", 3},
	{"\xef\xbf\xbf", "\\uffff", 3},
	{"\xf0\x9f\x99\x82", "", 4},
	{"\xf0\x9f\xbf\xbf", "\\ufffd", 4}, /* U+1FFFF is no character */
	{"\xff", "\\xff", 1},
	{"\x9b"
	 "2J",
	 "\\x9b", 1},
	{"\xc2", "\\xc2", 1},
	{"\xc0\x9b", "\\xc0", 1},
	{"\xe2\x80", "\\xe2", 1},
	{"\xed\xa0\x80", "\\xed", 1},
};

TEST(test_escape)
{
	char escape[TG_ESCAPE_SIZE];
	size_t i, n;

	for (i = 0; i < sizeof(characters) / sizeof(characters[0]); i++) {
		n = tg_text_escape(characters[i].bytes, strlen(characters[i].bytes), escape);
		CHECK(n == characters[i].n, "%zu: %zu", i, n);
		CHECK(strcmp(escape, characters[i].escape) == 0, "%zu: %s", i, escape);
	}
	/* U+009B of which the end is not there. */
	CHECK(tg_text_escape("\xc2\x9b", 1, escape) == 1 && strcmp(escape, "\\xc2") == 0);
}

TEST(test_force_printable)
{
	char text[32];

	strcpy(text, "caf\xc3\xa9\t\xe2\x80\xae\x1b[0m\r\n\xffz");
	tg_text_force_printable(text);
	CHECK(strcmp(text, "caf\xc3\xa9\t????[0m???z") == 0, "%s", text);
}

TEST(test_quote)
{
	char quoted[TG_QUOTE_SIZE], few[13];

	tg_text_quote("a\x1b\xe2\x80\xae\xff\xc3\xa9", quoted, sizeof(quoted));
	CHECK(strcmp(quoted, "\"a\\x1b\\u202e\\xff\xc3\xa9\"") == 0, "%s", quoted);
	tg_text_quote("abcdefgh", few, sizeof(few));
	CHECK(strcmp(few, "\"abcd...\"") == 0, "%s", few);
	tg_text_quote("\xe2\x80\xae\xe2\x80\xae", few, sizeof(few));
	CHECK(strcmp(few, "\"\\u202e...\"") == 0, "%s", few);
}

TEST_MAIN(RUN(test_escape), RUN(test_force_printable), RUN(test_quote))
