// SPDX-License-Identifier: GPL-2.0-or-later
/* The reply of a failure is there whatever text it quotes. */
#include <jansson.h>
#include <string.h>

#include "base/exit.h"
#include "control/reply.h"
#include "test.h"

static void check_reply(const char *path)
{
	json_t *reply = tg_reply_fail(TG_EXIT_FAILED, "the daemon cannot read %s", path);

	CHECK(reply, "no reply for a path of %zu bytes", strlen(path));
	CHECK(json_integer_value(json_object_get(reply, "code")) == TG_EXIT_FAILED);
	CHECK(json_is_string(json_object_get(reply, "error")));
	json_decref(reply);
}

TEST(a_long_path_cut_in_a_character_has_a_reply)
{
	char path[6003];
	size_t before, i;

	for (before = 1; before <= 2; before++) {
		memset(path, '/', before);
		for (i = 0; i < 3000; i++)
			memcpy(path + before + 2 * i, "\xc3\xa9", 2);
		path[before + 6000] = '\0';
		check_reply(path);
	}
}

TEST(a_path_that_is_not_utf8_has_a_reply)
{
	check_reply("/etc/\xff");
}

TEST_MAIN(RUN(a_long_path_cut_in_a_character_has_a_reply), RUN(a_path_that_is_not_utf8_has_a_reply))
