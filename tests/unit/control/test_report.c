// SPDX-License-Identifier: GPL-2.0-or-later
/* What the daemon tells as JSON: the keys that are promised, whole, and numbers at their ends. */
#include <stdlib.h>

#include "base/cleanup.h"
#include "control/report_cluster.h"
#include "config/config.h"
#include "daemon/daemon.h"
#include "fake_clock.h"
#include "daemon/history.h"
#include "control/report.h"
#include "test.h"

#define S  1000000000ULL
#define MS 1000000ULL

/* In the place of the history's and of the cluster's. */
static uint64_t remaining; /* ns */

uint64_t tg_history_remaining(const struct tg_daemon *daemon)
{
	return remaining;
}

json_t *tg_report_shared(const struct tg_cluster *cluster, const struct tg_bucket_view *view)
{
	return cluster ? json_string(view->limit) : json_null();
}

#define CLUSTER ((const struct tg_cluster *)&remaining) /* any; nobody looks into it */

/* Takes over @got. @want is JSON; a "*" in it stands for anything. */
static bool equal(const json_t *got, const json_t *want)
{
	const json_t *item;
	const char *key;
	size_t i;

	if (json_is_string(want) && strcmp(json_string_value(want), "*") == 0)
		return got != NULL;
	if (json_is_object(want)) {
		json_object_foreach((json_t *)want, key, item)
		{
			if (!equal(json_object_get(got, key), item))
				return false;
		}
		return json_object_size(got) == json_object_size(want);
	}
	if (json_is_array(want)) {
		json_array_foreach(want, i, item)
		{
			if (!equal(json_array_get(got, i), item))
				return false;
		}
		return json_array_size(got) == json_array_size(want);
	}
	return json_equal(got, want);
}

static void expect(json_t *got, const char *want, const char *what)
{
	json_t *parsed = json_loads(want, JSON_DECODE_ANY, NULL);
	tg_autofree char *text = json_dumps(got, JSON_COMPACT | JSON_ENCODE_ANY);

	CHECK(parsed != NULL, "%s: \"%s\" is no JSON", what, want);
	CHECK(equal(got, parsed), "%s: %s", what, text ? text : "(none)");
	json_decref(parsed);
	json_decref(got);
}

static struct tg_prefix prefix_of(const char *text)
{
	struct tg_prefix prefix = {};
	char why[128];

	CHECK(tg_prefix_parse(text, &prefix, why, sizeof(why)) == 0, "%s", why);
	return prefix;
}

struct fixture {
	struct tg_config_interface names[3];
	struct tg_config config;
	struct tg_interface_stats interfaces[2];
	struct tg_limit_stats limits[2];
	struct tg_stats stats;
	struct tg_daemon daemon;
};

static void fixture_open(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	strcpy(fixture->names[0].name, "eth0");
	strcpy(fixture->names[1].name, "wg0");
	strcpy(fixture->names[2].name, "ppp*");
	fixture->config = (struct tg_config){
		.path = "/etc/tidegate/a \"policy\".yaml",
		.interfaces = fixture->names,
		.interfaces_n = 3,
	};
	strcpy(fixture->interfaces[0].name, "eth0");
	fixture->interfaces[0].hook = "xdp";
	fixture->interfaces[0].mode = "generic";
	fixture->interfaces[0].header = "none";
	fixture->interfaces[0].ifindex = UINT32_MAX;
	fixture->interfaces[0].healthy = true;
	strcpy(fixture->limits[0].name, "dns");
	strcpy(fixture->limits[1].name, "web");
	fixture->limits[1].shadow = true;
	fixture->stats = (struct tg_stats){.generation = UINT32_MAX,
					   .table_size = 65536,
					   .buckets = 17,
					   .reserved = 32768,
					   .interfaces = fixture->interfaces,
					   .interfaces_n = 1,
					   .limits = fixture->limits,
					   .limits_n = 2};
	fixture->daemon = (struct tg_daemon){.config_path = "/etc/tidegate/tidegate.yaml",
					     .control_path = "/run/tidegate/control.sock",
					     .state_dir = "/sys/fs/bpf/tidegate",
					     .config = &fixture->config,
					     .started_ns = fake_monotonic - 61999 * MS,
					     .reloads_ok = 3,
					     .reloads_failed = 4};
}

TEST(status)
{
	struct fixture fixture;

	fixture_open(&fixture);
	tg_missing_add(&fixture.stats.missing,
		       &(struct tg_missing){.name = "wg0", .why = "wg0 is not there"});
	tg_missing_add(&fixture.stats.missing, &(struct tg_missing){.name = "ppp7",
								    .ifindex = 9,
								    .hook = TG_HOOK_TC_EGRESS,
								    .reason = TG_MISSING_REFUSED,
								    .why = "ppp7: busy"});
	fixture.interfaces[0].packets[TG_REASON_ADMITTED] = 5;
	fixture.interfaces[0].packets[TG_REASON_ARP] = 1;
	fixture.interfaces[0].packets[TG_REASON_LIMIT] = 100;
	fixture.interfaces[0].packets[TG_REASON_MALFORMED_TRANSPORT] = 1ULL << 60;
	expect(tg_report_status(&fixture.stats, &fixture.daemon),
	       "{\"daemon\": {\"version\": \"" TG_VERSION
	       "\", \"pid\": \"*\", \"uptime_ms\": 61999, "
	       "\"config\": \"/etc/tidegate/tidegate.yaml\", "
	       "\"control\": \"/run/tidegate/control.sock\", \"state\": \"/sys/fs/bpf/tidegate\"}, "
	       "\"policy\": \"/etc/tidegate/a \\\"policy\\\".yaml\", \"confirm\": null, "
	       "\"generation\": 4294967295, \"interfaces\": [{\"interface\": \"eth0\", "
	       "\"ifindex\": 4294967295, \"hook\": \"xdp\", \"mode\": \"generic\", \"header\": \"none\", "
	       "\"healthy\": true, \"received\": 1152921504606847082, \"passed\": 6, "
	       "\"dropped\": 1152921504606847076, \"reasons\": {\"admitted\": 5, \"arp\": 1, "
	       "\"limit\": 100, \"malformed_transport\": 1152921504606846976}}], "
	       "\"waiting_for\": [\"wg0\"], "
	       "\"table\": {\"size\": 65536, \"buckets\": 17, \"reserved\": 32768, "
	       "\"full\": false, \"full_limits\": []}, \"limits\": 2, "
	       "\"shadow_limits\": [\"web\"], \"reloads\": {\"ok\": 3, \"failed\": 4}, "
	       "\"missing\": [{\"interface\": \"wg0\", \"hook\": \"xdp\", \"reason\": "
	       "\"absent\", \"why\": \"wg0 is not there\"}, {\"interface\": \"ppp7\", "
	       "\"hook\": \"tc-egress\", \"reason\": \"refused\", \"why\": \"ppp7: busy\"}], "
	       "\"health\": \"ppp7 (tc-egress) is not limited, and is tried again: ppp7: busy; wg0 "
	       "is not there\", \"problems\": [\"ppp7 (tc-egress) is not limited, and is tried "
	       "again: ppp7: busy\", \"wg0 is not there\"]}",
	       "status");
	tg_missing_free(&fixture.stats.missing);
}

TEST(status_of_nothing)
{
	struct fixture fixture;

	fixture_open(&fixture);
	fixture.config.interfaces_n = fixture.stats.interfaces_n = fixture.stats.limits_n = 0;
	fixture.stats.full = true;
	expect(tg_report_status(&fixture.stats, &fixture.daemon),
	       "{\"daemon\": \"*\", \"policy\": \"*\", \"confirm\": null, \"generation\": "
	       "4294967295, \"interfaces\": [], \"waiting_for\": [], \"table\": {\"size\": 65536, "
	       "\"buckets\": 17, \"reserved\": 32768, \"full\": true, \"full_limits\": []}, "
	       "\"limits\": 0, \"shadow_limits\": [], "
	       "\"reloads\": \"*\", \"missing\": [], \"health\": \"nothing is attached; the table is "
	       "full: new sources share buckets\", \"problems\": [\"nothing is attached\", "
	       "\"the table is full: new sources share buckets\"]}",
	       "nothing");
}

TEST(status_of_full_limits)
{
	struct fixture fixture;
	json_t *status;

	fixture_open(&fixture);
	fixture.stats.full = fixture.limits[1].full = true;
	status = tg_report_status(&fixture.stats, &fixture.daemon);
	expect(json_incref(json_object_get(status, "table")),
	       "{\"size\": 65536, \"buckets\": 17, \"reserved\": 32768, \"full\": true, "
	       "\"full_limits\": [\"web\"]}",
	       "one of two");
	json_decref(status);
}

/* Waiting for so many ms is always enough: parts of one are rounded up. */
TEST(status_of_a_change_that_waits)
{
	static const struct {
		uint64_t ns;
		const char *ms;
	} cases[] = {
		{0, "0"},      {1, "1"},	  {MS, "1"},
		{MS + 1, "2"}, {60 * S, "60000"}, {UINT64_MAX, "18446744073710"},
	};
	struct fixture fixture;
	char want[128];
	json_t *status;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		fixture_open(&fixture);
		fixture.daemon.history.deadline_ns = 1;
		fixture.daemon.history.before = 41;
		remaining = cases[i].ns;
		status = tg_report_status(&fixture.stats, &fixture.daemon);
		snprintf(want, sizeof(want),
			 "{\"pending\": true, \"remaining_ms\": %s, \"generation_before\": 41}",
			 cases[i].ms);
		expect(json_incref(json_object_get(status, "confirm")), want, cases[i].ms);
		json_decref(status);
	}
	remaining = 0;
}

/* JSON is UTF-8; paths are any bytes. */
TEST(paths_that_are_no_text)
{
	struct fixture fixture;

	fixture_open(&fixture);
	fixture.daemon.config_path = fixture.config.path = "/etc/\xfftide\x01gate.yaml";
	fixture.daemon.control_path = "/run/\xc3";
	fixture.daemon.state_dir = "/sys/\xc3\xbc";
	expect(tg_report_status(&fixture.stats, &fixture.daemon),
	       "{\"daemon\": {\"version\": \"*\", \"pid\": \"*\", \"uptime_ms\": \"*\", "
	       "\"config\": \"/etc/?tide?gate.yaml\", \"control\": \"/run/?\", \"state\": "
	       "\"/sys/\xc3\xbc\"}, \"policy\": \"/etc/?tide?gate.yaml\", \"confirm\": null, "
	       "\"generation\": \"*\", \"interfaces\": \"*\", \"waiting_for\": \"*\", "
	       "\"table\": \"*\", \"limits\": 2, \"shadow_limits\": \"*\", \"reloads\": \"*\", "
	       "\"missing\": [], \"health\": \"*\", \"problems\": \"*\"}",
	       "paths");
}

#define NO_VERDICTS                                                                                \
	"{\"admitted\": 0, \"dropped\": 0, \"marked\": 0, \"delayed\": 0, \"rejected\": 0, "       \
	"\"shadow_exceeded\": 0}"

TEST(limits)
{
	struct fixture fixture;
	int i;

	fixture_open(&fixture);
	fixture.limits[0].refill =
		(struct tg_refill){.capacity = 1ULL << 40, .amount = 10, .interval = 1500 * MS};
	fixture.limits[0].buckets = 12;
	fixture.limits[0].reserved = 16384;
	fixture.limits[0].room = 49140;
	for (i = 0; i < TG_VERDICT_COUNT; i++) {
		fixture.limits[0].counters.packets[i] = 10 + i;
		fixture.limits[0].counters.bytes[i] = INT64_MAX - i;
	}
	fixture.limits[0].counters.created = 31;
	fixture.limits[0].counters.overflowed = 32;
	expect(tg_report_limits(&fixture.stats, "dns"),
	       "{\"generation\": 4294967295, \"limits\": [{\"name\": \"dns\", "
	       "\"unit\": \"packets\", \"capacity\": 1099511627776, \"refill_amount\": 10, "
	       "\"refill_interval_ms\": 1500, \"shadow\": false, \"buckets\": 12, "
	       "\"packets\": {\"admitted\": 10, \"dropped\": 11, \"marked\": 12, \"delayed\": 13, "
	       "\"rejected\": 14, \"shadow_exceeded\": 15}, "
	       "\"bytes\": {\"admitted\": 9223372036854775807, \"dropped\": 9223372036854775806, "
	       "\"marked\": 9223372036854775805, \"delayed\": 9223372036854775804, "
	       "\"rejected\": 9223372036854775803, \"shadow_exceeded\": 9223372036854775802}, "
	       "\"new_sources\": 31, \"overflowed\": 32, \"on_exceed\": \"drop\", "
	       "\"shared\": false, \"buckets_reserved\": 16384, \"buckets_room\": 49140}]}",
	       "stepped");
	expect(tg_report_limits(&fixture.stats, "dn"),
	       "{\"generation\": 4294967295, \"limits\": []}", "no such limit");
	expect(tg_report_limits(&fixture.stats, NULL),
	       "{\"generation\": 4294967295, \"limits\": [\"*\", \"*\"]}", "all");
}

TEST(what_limits_may_have)
{
	struct fixture fixture;

	fixture_open(&fixture);
	fixture.limits[1] = (struct tg_limit_stats){
		.name = "web",
		.unit = TG_CONFIG_BYTES,
		.refill = {.capacity = 9, .amount = 1250000, .interval = S, .continuous = true},
		.action = TG_CONFIG_DELAY,
		.shadow = true,
		.shared = true,
		.mark_above = 7,
		.max_delay = 1500000,
		.new_sources = {.capacity = 20, .amount = 10, .interval = S, .continuous = true},
	};
	expect(tg_report_limits(&fixture.stats, "web"),
	       "{\"generation\": 4294967295, \"limits\": [{\"name\": \"web\", \"unit\": \"bytes\", "
	       "\"capacity\": 9, \"refill_amount\": 1250000, \"refill_interval_ms\": 1000, "
	       "\"shadow\": true, \"buckets\": 0, \"packets\": " NO_VERDICTS
	       ", \"bytes\": " NO_VERDICTS ", \"new_sources\": 0, \"overflowed\": 0, "
	       "\"on_exceed\": \"delay\", \"shared\": true, \"buckets_reserved\": 0, "
	       "\"buckets_room\": 0, \"mark_above\": 7, "
	       "\"max_delay_ms\": 1.5, \"new_sources_rate\": \"10/s\", \"new_sources_burst\": 20, "
	       "\"rate\": \"10Mbit/s\"}]}",
	       "all there is");
	fixture.limits[1].refill.interval = 1; /* the shortest: a part of a ms */
	fixture.limits[1].refill.continuous = false;
	fixture.limits[1].max_delay = fixture.limits[1].mark_above = 0;
	fixture.limits[1].new_sources.capacity = 0;
	expect(tg_report_limits(&fixture.stats, "web"),
	       "{\"generation\": 4294967295, \"limits\": [{\"name\": \"web\", \"unit\": \"bytes\", "
	       "\"capacity\": 9, \"refill_amount\": 1250000, \"refill_interval_ms\": 1e-6, "
	       "\"shadow\": true, \"buckets\": 0, \"packets\": \"*\", \"bytes\": \"*\", "
	       "\"new_sources\": 0, \"overflowed\": 0, \"on_exceed\": \"delay\", "
	       "\"shared\": true, \"buckets_reserved\": 0, \"buckets_room\": 0}]}",
	       "less");
}

static struct tg_bucket_view view_of(const char *limit, const char *bucket)
{
	return (struct tg_bucket_view){.limit = limit,
				       .bucket = prefix_of(bucket),
				       .port = -1,
				       .protocol = -1,
				       .capacity = 100,
				       .exceeded_ago_ns = UINT64_MAX};
}

#define NOT_LISTED "\"allowed\": false, \"denied\": false, \"list\": null, "

/* The example of the manual, and what stands beside it. */
TEST(why)
{
	const struct tg_prefix address = prefix_of("198.51.100.9");
	const struct tg_list_view listed = {};
	struct tg_bucket_view view = view_of("dns-per-source", "198.51.100.9");

	view.reset_ns = 9800 * MS;
	view.retry_after_ns = 730 * MS - 1;
	view.state = TG_BUCKET_EXCEEDED;
	view.admitted = 1200;
	view.exceeded = 87;
	view.exceeded_ago_ns = 2 * MS - 1;
	expect(tg_report_why(&address, &view, 1, &listed, NULL),
	       "{\"address\": \"198.51.100.9\", " NOT_LISTED
	       "\"limits\": [{\"limit\": \"dns-per-source\", \"bucket\": \"198.51.100.9/32\", "
	       "\"unit\": \"packets\", \"capacity\": 100, \"remaining\": 0, \"reset_ms\": 9800, "
	       "\"retry_after_ms\": 730, \"state\": \"exceeded\", \"admitted\": 1200, "
	       "\"exceeded\": 87, \"exceeded_ago_ms\": 1, \"shadow\": false, \"attempt\": 0, "
	       "\"backoff_ms\": 0, \"overflow\": false, \"shared\": null}]}",
	       "the manual's");
	expect(tg_report_why(&address, NULL, 0, &listed, NULL),
	       "{\"address\": \"198.51.100.9\", " NOT_LISTED "\"limits\": []}", "no limit");
}

TEST(why_at_the_ends)
{
	const struct tg_prefix address = prefix_of("2001:db8::1");
	const struct tg_list_view listed = {
		.list = TG_LIST_DENY, .prefix = prefix_of("2001:db8::/32"), .left_ns = TG_NO_END};
	struct tg_bucket_view view = view_of("a", "2001:db8::/64");

	view.unit = TG_CONFIG_CONNECTIONS;
	view.capacity = view.remaining = 1ULL << 40;
	view.reset_ns = view.retry_after_ns = view.backoff_ns = UINT64_MAX;
	view.state = TG_BUCKET_BACKOFF;
	view.admitted = view.exceeded = INT64_MAX;
	view.port = 0;
	view.protocol = 255;
	view.shadow = view.overflow = true;
	view.attempt = 255;
	expect(tg_report_why(&address, &view, 1, &listed, CLUSTER),
	       "{\"address\": \"2001:db8::1\", \"allowed\": false, \"denied\": true, "
	       "\"list\": {\"prefix\": \"2001:db8::/32\", \"list\": \"deny\", "
	       "\"origin\": \"config\", \"expires_in_ms\": null}, "
	       "\"limits\": [{\"limit\": \"a\", \"bucket\": \"2001:db8::/64\", "
	       "\"unit\": \"connections\", \"capacity\": 1099511627776, "
	       "\"remaining\": 1099511627776, \"reset_ms\": 18446744073710, "
	       "\"retry_after_ms\": 18446744073710, \"state\": \"backoff\", "
	       "\"admitted\": 9223372036854775807, \"exceeded\": 9223372036854775807, "
	       "\"exceeded_ago_ms\": null, \"destination_port\": 0, \"protocol\": 255, "
	       "\"shadow\": true, \"attempt\": 255, \"backoff_ms\": 18446744073710, "
	       "\"overflow\": true, \"shared\": \"a\"}]}",
	       "ends");
}

TEST(why_a_key)
{
	struct tg_bucket_view view = view_of("api", "::");

	view.per = TG_CONFIG_PER_KEY;
	memcpy(view.bucket.address, "\x00\x01\xfe\xff\x80\x7f\x0a\xa0\x55", 9);
	expect(tg_report_why_key("a\"\\\n\x01\xc3\xbc", &view, 1, NULL),
	       "{\"key\": \"a\\\"\\\\\\n\\u0001\xc3\xbc\", \"limits\": [{\"limit\": \"api\", "
	       "\"bucket\": \"key:0001feff807f0aa0\", \"unit\": \"packets\", \"capacity\": 100, "
	       "\"remaining\": 0, \"reset_ms\": 0, \"retry_after_ms\": 0, \"state\": \"open\", "
	       "\"admitted\": 0, \"exceeded\": 0, \"exceeded_ago_ms\": null, \"shadow\": false, "
	       "\"attempt\": 0, \"backoff_ms\": 0, \"overflow\": false, \"shared\": null}]}",
	       "key");
}

TEST(listed)
{
	static const struct {
		const char *what;
		struct tg_list_view view;
		const char *want;
	} cases[] = {
		{"no list", {.note = "unseen"}, "null"},
		{"of the configuration",
		 {.list = TG_LIST_ALLOW, .left_ns = TG_NO_END, .added = 5, .note = "unseen"},
		 "{\"prefix\": \"10.0.0.0/8\", \"list\": \"allow\", \"origin\": \"config\", "
		 "\"expires_in_ms\": null}"},
		{"dynamic",
		 {.list = TG_LIST_DENY,
		  .dynamic = true,
		  .left_ns = 600 * S - 1,
		  .added = 1790000000,
		  .note = "said \"no\"\n\x1f"},
		 "{\"prefix\": \"10.0.0.0/8\", \"list\": \"deny\", \"origin\": \"dynamic\", "
		 "\"expires_in_ms\": 600000, \"note\": \"said \\\"no\\\"\\n\\u001f\", "
		 "\"added\": \"2026-09-21T14:13:20Z\"}"},
		{"about to end",
		 {.list = TG_LIST_DENY, .dynamic = true, .left_ns = 0},
		 "{\"prefix\": \"10.0.0.0/8\", \"list\": \"deny\", \"origin\": \"dynamic\", "
		 "\"expires_in_ms\": 0, \"note\": \"\", \"added\": \"1970-01-01T00:00:00Z\"}"},
		{"for good, and of no time that a calendar has",
		 {.list = TG_LIST_ALLOW, .dynamic = true, .left_ns = TG_NO_END, .added = INT64_MAX},
		 "{\"prefix\": \"10.0.0.0/8\", \"list\": \"allow\", \"origin\": \"dynamic\", "
		 "\"expires_in_ms\": null, \"note\": \"\", \"added\": \"\"}"},
	};
	struct tg_list_view view;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		view = cases[i].view;
		view.prefix = prefix_of("10.0.0.0/8");
		expect(tg_report_listed(&view), cases[i].want, cases[i].what);
	}
}

TEST(top)
{
	struct tg_bucket_view views[3] = {view_of("dns", "192.0.2.0/24"), view_of("all", "::/0"),
					  view_of("api", "::")};

	views[0].port = 65535;
	views[0].protocol = 0;
	views[0].state = TG_BUCKET_UNTRACKED;
	views[0].admitted = 5;
	views[0].exceeded = 6;
	views[1].per = TG_CONFIG_PER_EVERYONE;
	views[1].unit = TG_CONFIG_BYTES;
	views[1].shadow = true;
	views[2].per = TG_CONFIG_PER_KEY;
	expect(tg_report_top(views, 3, 9),
	       "{\"generation\": 9, \"sources\": [{\"source\": \"192.0.2.0/24\", "
	       "\"limit\": \"dns\", \"unit\": \"packets\", \"capacity\": 100, \"remaining\": 0, "
	       "\"state\": \"untracked\", \"admitted\": 5, \"exceeded\": 6, "
	       "\"destination_port\": 65535, \"protocol\": 0, \"shadow\": false}, "
	       "{\"source\": \"everyone\", \"limit\": \"all\", \"unit\": \"bytes\", "
	       "\"capacity\": 100, \"remaining\": 0, \"state\": \"open\", \"admitted\": 0, "
	       "\"exceeded\": 0, \"shadow\": true}, "
	       "{\"source\": \"key:0000000000000000\", \"limit\": \"api\", "
	       "\"unit\": \"packets\", \"capacity\": 100, \"remaining\": 0, \"state\": \"open\", "
	       "\"admitted\": 0, \"exceeded\": 0, \"shadow\": false}]}",
	       "top");
	expect(tg_report_top(NULL, 0, 0), "{\"generation\": 0, \"sources\": []}", "nobody");
}

TEST_MAIN(RUN(status), RUN(status_of_nothing), RUN(status_of_full_limits),
	  RUN(status_of_a_change_that_waits), RUN(paths_that_are_no_text), RUN(limits),
	  RUN(what_limits_may_have), RUN(why), RUN(why_at_the_ends), RUN(why_a_key), RUN(listed),
	  RUN(top))
