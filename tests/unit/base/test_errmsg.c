// SPDX-License-Identifier: GPL-2.0-or-later
/* Sentences for the operator are UTF-8, whatever they quote and wherever they are cut. */
#include <errno.h>
#include <string.h>

#include "base/errmsg.h"
#include "base/utf8.h"
#include "base/text.h"
#include "test.h"

static bool is_utf8(const char *text)
{
	size_t n;

	for (; *text; text += n) {
		n = tg_utf8_length(text, strlen(text));
		if (!n)
			return false;
	}
	return true;
}

/* Fills @text with @n characters of two bytes, after @before bytes of one. */
static void fill(char *text, size_t before, size_t n)
{
	memset(text, 'a', before);
	text += before;
	for (; n; n--, text += 2)
		memcpy(text, "\xc3\xa9", 2);
	*text = '\0';
}

TEST(a_cut_falls_between_characters)
{
	char errmsg[TG_ERRMSG_SIZE], path[6002];
	size_t before;

	for (before = 0; before < 2; before++) {
		fill(path, before, 3000);
		CHECK(tg_error_set(errmsg, ENOENT, "%s", path) == -ENOENT);
		CHECK(is_utf8(errmsg), "%zu bytes before", before);
		CHECK(strlen(errmsg) == TG_ERRMSG_SIZE - (before ? 1 : 2), "%zu", strlen(errmsg));
		CHECK(strncmp(errmsg, path, strlen(errmsg)) == 0);
	}
}

TEST(what_is_not_utf8_becomes_question_marks)
{
	char errmsg[TG_ERRMSG_SIZE];

	tg_error_set(errmsg, EINVAL, "%s", "/a\xff/\xc3\xa9/\xe2\x82");
	CHECK(strcmp(errmsg, "/a?/\xc3\xa9/??") == 0, "%s", errmsg);
}

TEST_MAIN(RUN(a_cut_falls_between_characters), RUN(what_is_not_utf8_becomes_question_marks))
