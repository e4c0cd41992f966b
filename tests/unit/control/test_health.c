// SPDX-License-Identifier: GPL-2.0-or-later
/* What an operator is told to look at. */
#include "base/cleanup.h"
#include "cluster/cluster_stats.h"
#include "config/config.h"
#include "daemon/daemon.h"
#include "daemon/history.h"
#include "control/health.h"
#include "datapath/stats.h"
#include "test.h"

/* In the place of the cluster's, and of the history's clock. */
static const char *cluster_problem = "";
static uint64_t remaining; /* ns */

void tg_cluster_problem(const struct tg_cluster *cluster, char *text, size_t size)
{
	snprintf(text, size, "%s", cluster_problem);
}

uint64_t tg_history_remaining(const struct tg_daemon *daemon)
{
	return remaining;
}

/* All is well: eth0 is attached and healthy, wg* is a pattern, a tenth of the table is in use. */
struct fixture {
	struct tg_config_interface names[2];
	struct tg_config config;
	struct tg_interface_stats interfaces[2];
	struct tg_stats stats;
	struct tg_daemon daemon;
};

static void fixture_open(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	cluster_problem = "";
	remaining = 0;
	strcpy(fixture->names[0].name, "eth0");
	strcpy(fixture->names[1].name, "wg*");
	fixture->config.interfaces = fixture->names;
	fixture->config.interfaces_n = 2;
	strcpy(fixture->interfaces[0].name, "eth0");
	fixture->interfaces[0].hook = "xdp";
	fixture->interfaces[0].healthy = true;
	strcpy(fixture->interfaces[1].name, "wg0");
	fixture->interfaces[1].hook = "tc-ingress";
	fixture->interfaces[1].healthy = true;
	fixture->stats = (struct tg_stats){.table_size = 1000,
					   .buckets = 100,
					   .interfaces = fixture->interfaces,
					   .interfaces_n = 2};
	fixture->daemon.config = &fixture->config;
}

/* @want: the line; "ok" if there is no problem. */
static void expect(const struct fixture *fixture, const char *want, const char *what)
{
	json_t *problems = tg_health_problems(&fixture->stats, &fixture->daemon);
	json_t *line = tg_health_line(problems);
	const char *got = json_string_value(line);

	CHECK(got && strcmp(got, want) == 0, "%s: \"%s\" instead of \"%s\"", what, got, want);
	CHECK(json_array_size(problems) == 0 || strcmp(want, "ok") != 0, "%s", what);
	json_decref(line);
	json_decref(problems);
}

TEST(all_is_well)
{
	struct fixture fixture;

	fixture_open(&fixture);
	expect(&fixture, "ok", "as it should be");
	fixture.daemon.reloads_failed = 3;
	fixture.daemon.history.n = 2;
	expect(&fixture, "ok", "with a past");
	fixture.stats.interfaces_n = 1;
	expect(&fixture, "ok", "nothing fits the pattern");
}

TEST(interfaces)
{
	struct fixture fixture;

	fixture_open(&fixture);
	fixture.interfaces[0].healthy = false;
	expect(&fixture, "eth0 (xdp): nothing is enforced there, its program is gone", "gone");
	fixture.interfaces[1].healthy = false;
	expect(&fixture,
	       "eth0 (xdp): nothing is enforced there, its program is gone; wg0 (tc-ingress): "
	       "nothing is enforced there, its program is gone",
	       "two");
	fixture.interfaces[0].leaving = true;
	fixture.interfaces[1].healthy = true;
	expect(&fixture,
	       "eth0 (xdp) is not to be limited any more, but cannot be detached, which is tried "
	       "again",
	       "leaving");
	fixture_open(&fixture);
	fixture.stats.interfaces_n = 0;
	expect(&fixture, "nothing is attached", "a pattern that fits nothing");
	fixture_open(&fixture);
	strcpy(fixture.stats.unlisted, "the interfaces cannot be listed: Interrupted system call");
	expect(&fixture,
	       "the interfaces cannot be listed: Interrupted system call; what is attached stays",
	       "unlisted");
}

/* Adds @n interfaces from @name on, each missing at two hooks. */
static void miss(struct fixture *fixture, const char *name, int n, enum tg_missing_reason reason)
{
	struct tg_missing missing = {.reason = reason};
	int i, hook;

	for (i = 0; i < n; i++)
		for (hook = TG_HOOK_XDP; hook <= TG_HOOK_TC_INGRESS; hook++) {
			missing.hook = hook;
			missing.ifindex = reason == TG_MISSING_ABSENT ? 0 : 10 + i;
			snprintf(missing.name, sizeof(missing.name), "%s%d", name, i);
			snprintf(missing.why, sizeof(missing.why),
				 reason == TG_MISSING_ABSENT ? "%s is not there" : "%s: busy",
				 missing.name);
			tg_missing_add(&fixture->stats.missing, &missing);
		}
}

TEST(missing)
{
	struct fixture fixture;

	fixture_open(&fixture);
	miss(&fixture, "a\"b\\c%s\x01", 1, TG_MISSING_ABSENT);
	expect(&fixture, "a\"b\\c%s?0 is not there", "an odd name, once for both hooks");
	tg_missing_free(&fixture.stats.missing);
	miss(&fixture, "eth", 1, TG_MISSING_REFUSED);
	expect(&fixture,
	       "eth0 (xdp) is not limited, and is tried again: eth0: busy; eth0 (tc-ingress) is "
	       "not limited, and is tried again: eth0: busy",
	       "refused");
	tg_missing_free(&fixture.stats.missing);
	miss(&fixture, "wg", 1, TG_MISSING_ABSENT);
	miss(&fixture, "v", 10, TG_MISSING_NO_ROOM);
	fixture.stats.missing.unlisted = 5;
	expect(&fixture,
	       "v0 is not limited: as many interfaces are limited as can be; "
	       "v1 is not limited: as many interfaces are limited as can be; "
	       "v2 is not limited: as many interfaces are limited as can be; "
	       "v3 is not limited: as many interfaces are limited as can be; "
	       "v4 is not limited: as many interfaces are limited as can be; "
	       "v5 is not limited: as many interfaces are limited as can be; "
	       "v6 is not limited: as many interfaces are limited as can be; "
	       "v7 is not limited: as many interfaces are limited as can be; "
	       "9 more hooks are not limited (no_room); wg0 is not there",
	       "the graver first, and no more than eight");
	tg_missing_free(&fixture.stats.missing);
	fixture.stats.interfaces_n = 0;
	miss(&fixture, "eth", 1, TG_MISSING_ABSENT);
	expect(&fixture, "nothing is attached; eth0 is not there", "nothing at all");
	tg_missing_free(&fixture.stats.missing);
}

/* The same interface at two hooks, of which one is well. */
TEST(hooks)
{
	struct fixture fixture;

	fixture_open(&fixture);
	strcpy(fixture.interfaces[1].name, "eth0");
	fixture.interfaces[1].healthy = false;
	expect(&fixture, "eth0 (tc-ingress): nothing is enforced there, its program is gone",
	       "one of two");
}

TEST(the_table)
{
	static const struct {
		uint32_t size;
		uint64_t buckets;
		bool full;
		const char *want;
	} cases[] = {
		{1000, 0, false, "ok"},
		{1000, 899, false, "ok"},
		{1000, 900, false, "the table is 90 % full"},
		{1000, 909, false, "the table is 90 % full"},
		{1000, 1000, false, "the table is 100 % full"},
		{1000, 899, true, "the table is full: new sources share buckets"},
		{1000, 1000, true, "the table is full: new sources share buckets"},
		{1, 0, false, "ok"},
		{1, 1, false, "the table is 100 % full"},
		{UINT32_MAX, 3865470565, false, "ok"}, /* beyond 32 bits when times 100 */
		{UINT32_MAX, 3865470566, false, "the table is 90 % full"},
	};
	struct fixture fixture;
	char what[64];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_open(&fixture);
		fixture.stats.table_size = cases[i].size;
		fixture.stats.buckets = cases[i].buckets;
		fixture.stats.full = cases[i].full;
		snprintf(what, sizeof(what), "%llu of %u", (unsigned long long)cases[i].buckets,
			 cases[i].size);
		expect(&fixture, cases[i].want, what);
	}
}

/* Of one limit that has no room, and of what is nearly so. */
TEST(room_of_limits)
{
	static const struct {
		struct tg_limit_stats limits[3];
		const char *want;
	} cases[] = {
		{{{.name = "a", .full = true}, {.name = "b", .room = 9}, {.name = "c", .room = 9}},
		 "the table is full for a: new sources share buckets"},
		{{{.name = "a", .full = true},
		  {.name = "b", .room = 9},
		  {.name = "c", .full = true}},
		 "the table is full for a, c: new sources share buckets"},
		{{{.name = "a", .full = true},
		  {.name = "b", .full = true},
		  {.name = "c", .full = true}},
		 "the table is full: new sources share buckets"},
		{{{.name = "a", .buckets = 90, .room = 10},
		  {.name = "b", .buckets = 89, .room = 11},
		  {.name = "c", .buckets = 99, .room = 1}},
		 "the table is 90 % full for a; the table is 99 % full for c"},
		{{{.name = "a", .buckets = 1, .has_one_bucket = true}}, "ok"},
	};
	struct tg_limit_stats limits[3];
	struct fixture fixture;
	size_t i, j;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_open(&fixture);
		memcpy(limits, cases[i].limits, sizeof(limits));
		fixture.stats.limits = limits;
		fixture.stats.limits_n = 3;
		for (j = 0; j < 3; j++)
			fixture.stats.full |= limits[j].full;
		expect(&fixture, cases[i].want, cases[i].want);
	}
	fixture_open(&fixture);
	fixture.stats.undivided = true;
	expect(&fixture, "the table is not divided as the policy says, which is tried again",
	       "undivided");
}

TEST(the_policy)
{
	struct fixture fixture;

	fixture_open(&fixture);
	fixture.daemon.reload_failed = true;
	expect(&fixture, "the last reload failed, and the policy before it is in force", "reload");
	fixture.daemon.reload_failed = false;
	fixture.daemon.history.deadline_ns = 1;
	remaining = 59999999999;
	expect(&fixture, "not confirmed: goes back in 59 s", "a change that waits");
	remaining = 0;
	expect(&fixture, "not confirmed: goes back in 0 s", "it is due");
}

TEST(the_cluster)
{
	struct fixture fixture;

	fixture_open(&fixture);
	cluster_problem = "store lost: limit api split by 3";
	expect(&fixture, "store lost: limit api split by 3", "its own words");
}

/* Gravest first: what is not enforced at all comes before what is enforced otherwise. */
TEST(everything_at_once)
{
	struct fixture fixture;

	fixture_open(&fixture);
	fixture.interfaces[1].healthy = false;
	miss(&fixture, "eth", 1, TG_MISSING_ABSENT);
	fixture.stats.full = true;
	cluster_problem = "no other node is heard: no limit is shared";
	fixture.daemon.reload_failed = true;
	fixture.daemon.history.deadline_ns = 1;
	remaining = 7000000000;
	expect(&fixture,
	       "wg0 (tc-ingress): nothing is enforced there, its program is gone; "
	       "eth0 is not there; "
	       "the table is full: new sources share buckets; "
	       "no other node is heard: no limit is shared; "
	       "the last reload failed, and the policy before it is in force; "
	       "not confirmed: goes back in 7 s",
	       "in this order");
	tg_missing_free(&fixture.stats.missing);
}

TEST_MAIN(RUN(all_is_well), RUN(interfaces), RUN(missing), RUN(hooks), RUN(the_table),
	  RUN(room_of_limits), RUN(the_policy), RUN(the_cluster), RUN(everything_at_once))
