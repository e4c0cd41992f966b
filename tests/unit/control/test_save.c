/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings written back into the text of a configuration. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

#include "control/save.h"
#include "base/errmsg.h"
#include "base/units.h"

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
	/* beside a cluster */
	{HEAD "cluster: {name: e, node: n, redis: \"redis://h\"} # where\n"
	      "limits: [{name: a, shared: true, capacity: 10, rate: 1/s, on_store_loss: hold}]\n",
	 "rate",
	 "3/s",
	 HEAD "cluster: {name: e, node: n, redis: \"redis://h\"} # where\n"
	      "limits: [{name: a, shared: true, capacity: 10, rate: 3/s, on_store_loss: hold}]\n",
	 {10, 3, 1000000000, true}},
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
	/* would say more */
	{HEAD "limits: [{name: a, capacity: 10, rate: 1/s}]\n",
	 "capacity",
	 "5, shadow: true",
	 NULL,
	 {5, 1, 1000000000, true}},
	{HEAD "limits: [{name: a, rate: 1/s, capacity: 10}]\n",
	 "capacity",
	 "5}, {name: b, capacity: 1, rate: 1/s",
	 NULL,
	 {5, 1, 1000000000, true}},
	/* and less */
	{HEAD "limits:\n  - { name: a, rate: 1/s, capacity: 10, per: destination\n    }\n",
	 "capacity",
	 "5 #",
	 NULL,
	 {5, 1, 1000000000, true}},
	/* is not valid any more */
	{HEAD "limits: [{name: a, capacity: 10, rate: 1/s, wibble: 1}]\n",
	 "capacity",
	 "5",
	 NULL,
	 {5, 1, 1000000000, true}},
};

/* What is in force, for a limit named `a`. */
struct force {
	struct tg_config_limit limit;
	struct tg_config config;
};

static void make_force(struct force *force, const struct tg_refill *refill)
{
	*force = (struct force){.limit = {.name = "a", .refill = *refill}};
	force->config.limits = &force->limit;
	force->config.limits_n = 1;
}

TEST(test_edit)
{
	char errmsg[TG_ERRMSG_SIZE];
	struct force force;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct tg_setting setting = {"a", cases[i].key, cases[i].value};
		char *out = NULL;
		int r;

		make_force(&force, &cases[i].wanted);
		r = tg_config_edit("t.yaml", cases[i].before, &setting, 1, &force.config, &out,
				   errmsg);
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
					 "    shadow: true\n    refill_amount: 50 # five\n"
					 "    capacity: 100\n";
	const struct tg_setting settings[] = {{"a", "capacity", "100"},
					      {"a", "refill_amount", "50"},
					      {"a", "shadow", "true"},
					      {"a", "refill_interval", "250ms"}};
	char errmsg[TG_ERRMSG_SIZE] = "", *out = NULL;
	struct force force;

	make_force(&force, &(struct tg_refill){100, 50, 250000000, false});
	force.limit.shadow = true;
	CHECK(tg_config_edit("t.yaml", before, settings, 4, &force.config, &out, errmsg) == 0, "%s",
	      errmsg);
	CHECK(out && strcmp(out, after) == 0, "%s", out);
	free(out);
}

#define REST "capacity: 10, rate: 1/s"

/* A key that the file may not have yet. */
static const struct {
	const char *before, *after; /* NULL: refused */
	bool shadow;
} shadow_cases[] = {
	{HEAD "limits:\n  - name: a   # the name\n    capacity: 10\n    rate: 1/s\n",
	 HEAD
	 "limits:\n  - name: a   # the name\n    shadow: true\n    capacity: 10\n    rate: 1/s\n",
	 true},
	{HEAD "limits:\n- capacity: 10\n  rate: 1/s\n  name: 'a'",
	 HEAD "limits:\n- capacity: 10\n  rate: 1/s\n  name: 'a'\n  shadow: true", true},
	{HEAD "limits:\r\n-  name: a\r\n   capacity: 10\r\n   rate: 1/s\r\n",
	 HEAD "limits:\r\n-  name: a\r\n   shadow: true\r\n   capacity: 10\r\n   rate: 1/s\r\n",
	 true},
	{HEAD "limits: [{" REST ", name: a}]\n",
	 HEAD "limits: [{" REST ", name: a, shadow: true}]\n", true},
	{HEAD "limits: [{name: \"a\" , " REST "}]\n",
	 HEAD "limits: [{name: \"a\", shadow: true , " REST "}]\n", true},
	{HEAD "limits: [{name: a,\n  # now\n  shadow: false, " REST "}]\n",
	 HEAD "limits: [{name: a,\n  # now\n  shadow: true, " REST "}]\n", true},
	{HEAD "limits:\n - name: a\n   shadow: true   # dry run\n   capacity: 10\n   rate: 1/s\n",
	 HEAD "limits:\n - name: a\n   shadow: false   # dry run\n   capacity: 10\n   rate: 1/s\n",
	 false},
	/* not what is in force */
	{HEAD "limits: [{name: a, " REST "}]\n", NULL, false},
	/* somewhere between the name and its comma there is a comment */
	{HEAD "limits: [{name: a # x\n  , " REST "}]\n", NULL, true},
	{HEAD "limits: [{name: a, shadow: [], " REST "}]\n", NULL, true},
};

TEST(test_add)
{
	char errmsg[TG_ERRMSG_SIZE];
	struct force force;
	size_t i;

	for (i = 0; i < sizeof(shadow_cases) / sizeof(shadow_cases[0]); i++) {
		const char *after = shadow_cases[i].after;
		struct tg_setting setting = {"a", "shadow",
					     shadow_cases[i].shadow ? "true" : "false"};
		char *out = NULL;
		int r;

		/* The refill is another, and that is no matter of this setting. */
		make_force(&force, &(struct tg_refill){77, 1, 1, true});
		force.limit.shadow = after ? shadow_cases[i].shadow : true;
		r = tg_config_edit("t.yaml", shadow_cases[i].before, &setting, 1, &force.config,
				   &out, errmsg);
		CHECK(r == (after ? 0 : -EINVAL), "%d for %s", r, shadow_cases[i].before);
		CHECK(after ? out && strcmp(out, after) == 0 : !out, "%s", out ? out : "nothing");
		free(out);
	}
}

/* Several limits in one file, and keys of others that are alike. */
TEST(test_limits)
{
	static const char before[] =
		"interfaces: [{name: lo, hooks: tc-egress}]\nlimits:\n"
		"  - {name: b, " REST ", on_exceed: delay}\n  - name: a\n    capacity: 10\n"
		"    rate: 1/s\n    on_exceed: mark\n    mark: {dscp: 1}\n";
	static const char after[] =
		"interfaces: [{name: lo, hooks: tc-egress}]\nlimits:\n"
		"  - {name: b, max_delay: 3s, " REST ", on_exceed: delay}\n  - name: a\n"
		"    mark_above: 5\n    capacity: 10\n    rate: 1/s\n    on_exceed: mark\n"
		"    mark: {dscp: 1}\n";
	const struct tg_setting settings[] = {{"a", "mark_above", "5"}, {"b", "max_delay", "3s"}};
	struct tg_config_limit limits[] = {{.name = "a", .mark_above = 5},
					   {.name = "b", .max_delay = 3000000000}};
	struct tg_config config = {.limits = limits, .limits_n = 2};
	char errmsg[TG_ERRMSG_SIZE] = "", *out = NULL;

	CHECK(tg_config_edit("t.yaml", before, settings, 2, &config, &out, errmsg) == 0, "%s",
	      errmsg);
	CHECK(out && strcmp(out, after) == 0, "%s", out);
	free(out);
}

/* Of a mapping, values alone are written, or it is added in the form that the setting has. */
static const struct {
	const char *before, *value, *after; /* NULL: refused */
} new_source_cases[] = {
	{HEAD "limits: [{name: a, new_sources: {rate: 1/s, burst: 2}, " REST "}]\n",
	 "{rate: 30/s, burst: 400}",
	 HEAD "limits: [{name: a, new_sources: {rate: 30/s, burst: 400}, " REST "}]\n"},
	{HEAD "limits:\n  - name: a\n    new_sources:\n      burst: 2   # two\n      # often\n"
	      "      rate: '1/s'\n    # the rest\n    capacity: 10\n    rate: 1/s\n",
	 "{ \"rate\": \"30/s\", \"burst\": 400 }",
	 HEAD "limits:\n  - name: a\n    new_sources:\n      burst: 400   # two\n      # often\n"
	      "      rate: \"30/s\"\n    # the rest\n    capacity: 10\n    rate: 1/s\n"},
	{HEAD "limits:\n  - name: a # first\n    capacity: 10\n    rate: 1/s\n",
	 "{rate: 30/s, burst: 400}",
	 HEAD "limits:\n  - name: a # first\n    new_sources: {rate: 30/s, burst: 400}\n"
	      "    capacity: 10\n    rate: 1/s\n"},
	{HEAD "limits: [{name: a, " REST "}]\n", "{rate: 30/s, burst: 400}",
	 HEAD "limits: [{name: a, new_sources: {rate: 30/s, burst: 400}, " REST "}]\n"},
	/* a comment would take the rest of the line with it, here without an error */
	{HEAD "limits:\n  - { name: a, shadow: true\n      , capacity: 10\n      , rate: 1/s }\n",
	 "\t{rate: 30/s, burst: 400} #",
	 HEAD "limits:\n  - { name: a, new_sources: {rate: 30/s, burst: 400}, shadow: true\n"
	      "      , capacity: 10\n      , rate: 1/s }\n"},
	/* not what is in force */
	{HEAD "limits: [{name: a, " REST "}]\n", "{rate: 30/s, burst: 401}", NULL},
	{HEAD "limits: [{name: a, new_sources: {rate: 1/s, burst: 2}, " REST "}]\n",
	 "{rate: 31/s, burst: 400}", NULL},
	{HEAD "limits: [{name: a, new_sources: {rate: 1/s, burst: 2, b: 1, c: 2}, " REST "}]\n",
	 "{rate: 30/s, burst: 400, b: 1, c: 2}", NULL},
	/* the file is another by now */
	{HEAD "limits: [{name: a, new_sources: {rate: 30/s}, " REST "}]\n",
	 "{rate: 30/s, burst: 400}", NULL},
	{HEAD "limits: [{name: a, new_sources: {rate: [], burst: 2}, " REST "}]\n",
	 "{rate: 30/s, burst: 400}", NULL},
	{HEAD "limits: [{name: a, new_sources: 1, " REST "}]\n", "{rate: 30/s, burst: 400}", NULL},
};

TEST(test_edit_new_sources)
{
	char errmsg[TG_ERRMSG_SIZE];
	struct force force;
	size_t i;

	for (i = 0; i < sizeof(new_source_cases) / sizeof(new_source_cases[0]); i++) {
		const char *after = new_source_cases[i].after;
		/* Two settings of one change, so that there is room for the parts of both. */
		struct tg_setting settings[] = {{"a", "new_sources", new_source_cases[i].value},
						{"a", "capacity", "10"}};
		char *out = NULL;
		int r;

		make_force(&force, &(struct tg_refill){10, 1, 1000000000, true});
		force.limit.new_sources = (struct tg_refill){.capacity = 400, .continuous = true};
		tg_parse_rate("30/s", &(enum tg_rate_kind){0}, &force.limit.new_sources.amount,
			      &force.limit.new_sources.interval);
		r = tg_config_edit("t.yaml", new_source_cases[i].before, settings, 2, &force.config,
				   &out, errmsg);
		CHECK(r == (after ? 0 : -EINVAL), "%d for case %zu: %s", r, i, errmsg);
		CHECK(after ? out && strcmp(out, after) == 0 : !out, "%s", out ? out : "nothing");
		free(out);
	}
}

/* As long as --save takes, the daemon answers nobody. */
TEST(test_edit_long_file)
{
	static const char end[] = "\n" HEAD "limits:\n  - {name: a, capacity: 10, rate: 1/s}\n";
	const struct tg_setting setting = {"a", "capacity", "20"};
	size_t comment = 1000000;
	char errmsg[TG_ERRMSG_SIZE] = "", *out = NULL, *text = malloc(comment + sizeof(end));
	struct force force;
	clock_t start = clock();

	CHECK(text);
	memset(text, '#', comment);
	memcpy(text + comment, end, sizeof(end));
	make_force(&force, &(struct tg_refill){20, 1, 1000000000, true});
	CHECK(tg_config_edit("t.yaml", text, &setting, 1, &force.config, &out, errmsg) == 0, "%s",
	      errmsg);
	CHECK(out && strstr(out, "capacity: 20"));
	CHECK((clock() - start) / CLOCKS_PER_SEC < 4);
	free(out);
	free(text);
}

TEST_MAIN(RUN(test_edit), RUN(test_edit_long_file), RUN(test_edit_several), RUN(test_add),
	  RUN(test_limits), RUN(test_edit_new_sources))
