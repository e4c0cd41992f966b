/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings written back into the text of a configuration. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>

#include "config_save.h"
#include "message.h"

#define HEAD "interfaces: [{name: lo}] # \xc3\xa9t\xc3\xa9\n"

static const struct {
	const char *before, *key, *value, *after; /* NULL: refused */
	struct tg_refill wanted;
} cases[] = {
	{HEAD "limits:\n  - name: a  # the first\n    capacity: 10   # ten\n    rate: 1/s\n",
	 "capacity",
	 "20",
	 HEAD "limits:\n  - name: a  # the first\n    capacity: 20   # ten\n    rate: 1/s\n",
	 {20, 1, 1000000000, true}},
	{HEAD "limits: [{name: b, capacity: 1, rate: 2/s}, {name: a,capacity: 10, rate: 1/s}]\n",
	 "rate",
	 "3/s",
	 HEAD "limits: [{name: b, capacity: 1, rate: 2/s}, {name: a,capacity: 10, rate: 3/s}]\n",
	 {10, 3, 1000000000, true}},
	{HEAD "limits: [{name: a, burst: \"10\", rate: '1/s'}]\n",
	 "capacity",
	 "20",
	 HEAD "limits: [{name: a, burst: 20, rate: '1/s'}]\n",
	 {20, 1, 1000000000, true}},
	{HEAD "limits: [{name: a, burst: \"10\", rate: '1/s'}]\n",
	 "rate",
	 "2/s",
	 HEAD "limits: [{name: a, burst: \"10\", rate: 2/s}]\n",
	 {10, 1, 500000000, true}},
	{"\xef\xbb\xbf" HEAD "limits:\r\n- {name: a, capacity: 10, rate: 1/s}\r\n",
	 "capacity",
	 "5",
	 "\xef\xbb\xbf" HEAD "limits:\r\n- {name: a, capacity: 5, rate: 1/s}\r\n",
	 {5, 1, 1000000000, true}},
	/* the other form of refill */
	{HEAD "limits: [{name: a, capacity: 10, rate: 1/s}]\n", "refill_amount", "5", NULL, {0}},
	/* not there */
	{HEAD "limits: [{name: b, capacity: 10, rate: 1/s}]\n", "capacity", "5", NULL, {0}},
	{HEAD "limits: {}\n", "capacity", "5", NULL, {0}},
	{HEAD "limits: [\n", "capacity", "5", NULL, {0}},
	{"", "capacity", "5", NULL, {0}},
	/* would not say what is in force */
	{HEAD "limits: [{name: a, capacity: 10, rate: 1/s}]\n",
	 "capacity",
	 "5",
	 NULL,
	 {6, 1, 1000000000, true}},
	{HEAD "limits: [{name: a, capacity: 10, rate: 1/s}]\n",
	 "capacity",
	 "5, rate: 7/s",
	 NULL,
	 {5, 1, 1000000000, true}},
	{HEAD "limits: [{name: a, capacity: 10, rate: 1/s, wibble: 1}]\n",
	 "capacity",
	 "5",
	 NULL,
	 {5, 1, 1000000000, true}},
};

TEST(test_edit)
{
	char message[TG_MESSAGE_SIZE];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_setting setting = {cases[i].key, cases[i].value};
		char *out = NULL;
		int r = tg_config_edit("t.yaml", cases[i].before, "a", &setting, 1,
				       &cases[i].wanted, &out, message);

		CHECK(r == (cases[i].after ? 0 : -EINVAL), "%d for %s", r, cases[i].before);
		CHECK(!cases[i].after || (out && strcmp(out, cases[i].after) == 0), "%s", out);
		CHECK(cases[i].after || !out, "%s", out);
		free(out);
	}
}

TEST(test_edit_several)
{
	static const char before[] = HEAD "limits:\n  - refill_interval: 1s\n    name: a\n"
					  "    refill_amount: 5 # five\n    capacity: 10\n";
	static const char after[] = HEAD "limits:\n  - refill_interval: 250ms\n    name: a\n"
					 "    refill_amount: 50 # five\n    capacity: 100\n";
	const struct tg_setting settings[] = {
		{"capacity", "100"}, {"refill_amount", "50"}, {"refill_interval", "250ms"}};
	const struct tg_refill wanted = {100, 50, 250000000, false};
	char message[TG_MESSAGE_SIZE] = "", *out = NULL;

	CHECK(tg_config_edit("t.yaml", before, "a", settings, 3, &wanted, &out, message) == 0, "%s",
	      message);
	CHECK(out && strcmp(out, after) == 0, "%s", out);
	free(out);
}

TEST_MAIN(RUN(test_edit), RUN(test_edit_several))
