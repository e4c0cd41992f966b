// SPDX-License-Identifier: GPL-2.0-or-later
/* The metrics of made-up counters, byte for byte: tests/unit/http/metrics.txt. A real Prometheus
 * reads real ones in tests/netns/test_prometheus.sh. */
#include <event2/buffer.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "cluster/cluster_stats.h"
#include "daemon/daemon.h"
#include "http/metrics.h"
#include "datapath/stats.h"
#include "test.h"
#include "base/text.h"

#define GOLDEN "tests/unit/http/metrics.txt"

/* Distinct numbers, so that none can stand in for another; the largest is beyond 2^53. */
static void make_up(struct tg_interface_stats interfaces[2], struct tg_limit_stats limits[2])
{
	int i;

	strcpy(interfaces[0].name, "eth0");
	interfaces[0].hook = "xdp";
	interfaces[0].mode = "native";
	interfaces[0].healthy = true;
	for (i = 0; i < TG_REASON_COUNT; i++)
		interfaces[0].packets[i] = 100 + i;
	strcpy(interfaces[1].name, "a\"b\\c\nd");
	interfaces[1].hook = "tc-egress";
	interfaces[1].mode = "clsact";
	strcpy(limits[0].name, "dns-per-source");
	strcpy(limits[1].name, "all.of_them");
	for (i = 0; i < TG_VERDICT_COUNT; i++) {
		limits[0].counters.packets[i] = 10 + i;
		limits[0].counters.bytes[i] = 18446744073709551610ULL + i;
		limits[1].counters.packets[i] = 20 + i;
	}
	limits[0].counters.created = 31;
	limits[0].counters.overflowed = 32;
	limits[1].counters.created = 33;
	limits[0].buckets = 4241;
	limits[1].buckets = 1;
	limits[0].reserved = 32767;
	limits[1].reserved = 4294967295;
	limits[0].counters.table_full = 34;
	limits[1].counters.table_full = 41;
}

static void make_up_peers(struct tg_cluster_peer_stats peers[2])
{
	strcpy(peers[0].node, "edge-2");
	peers[0].age = 51500000;
	peers[0].tokens = 18446744073709551615ULL;
	peers[0].differs = 2;
	strcpy(peers[1].node, "e\"3\\");
	peers[1].age = 61000000000;
	peers[1].stale = true;
	peers[1].differs = 2;
}

static void make_up_cluster(struct tg_cluster_stats *cluster)
{
	cluster->nodes = 51;
	cluster->sources = 52;
	cluster->max_sources = 53;
	cluster->counters = (struct tg_exchange_counters){
		.damaged = 54, .forged = 55, .unknown = 56, .left_out = 57, .losses = 58};
	cluster->store = (struct tg_redis_status){.connected = true,
						  .failures = 60,
						  .rounds = 61,
						  .missed = 62,
						  .sent = 63,
						  .received = 64,
						  .round_trip = 1234567};
	strcpy(cluster->limits[0].name, "dns-per-source");
	cluster->limits[0].mode = TG_CLUSTER_SHARED;
	cluster->limits[0].owed = 65;
	cluster->limits[0].bound = 66;
	strcpy(cluster->limits[1].name, "all.of_them");
	cluster->limits[1].mode = TG_CLUSTER_HOLD;
	cluster->limits_n = 2;
}

static char *text_of(const struct tg_stats *stats, const struct tg_cluster_stats *cluster,
		     const struct tg_daemon *daemon)
{
	struct evbuffer *out = evbuffer_new();
	size_t length;
	char *text;

	CHECK(tg_metrics_write(out, stats, cluster, daemon) == 0, "written");
	length = evbuffer_get_length(out);
	text = calloc(1, length + 1);
	evbuffer_remove(out, text, length);
	evbuffer_free(out);
	return text;
}

/* Says which line differs first. */
static void compare(char *got, char *want)
{
	char *got_line, *want_line;
	int line = 1;

	for (; got || want; line++) {
		got_line = strsep(&got, "\n");
		want_line = strsep(&want, "\n");
		if (want_line && strcmp(want_line, "BUILD_INFO") == 0)
			want_line = "tidegate_build_info{version=\"" TG_VERSION "\"} 1";
		if (!got_line || !want_line || strcmp(got_line, want_line) != 0) {
			CHECK(false, GOLDEN ":%d: \"%s\" is wanted, not \"%s\"", line,
			      want_line ? want_line : "the end", got_line ? got_line : "the end");
			return;
		}
	}
}

TEST(test_golden)
{
	struct tg_interface_stats interfaces[2] = {};
	struct tg_limit_stats limits[2] = {};
	struct tg_stats stats = {
		.generation = 7,
		.table_size = 65536,
		.buckets = 4242,
		.interfaces = interfaces,
		.interfaces_n = 2,
		.limits = limits,
		.limits_n = 2,
		.unlisted = "the interfaces cannot be listed",
	};
	const struct tg_daemon daemon = {.reloads_ok = 5, .reloads_failed = 6};
	struct tg_cluster_peer_stats peers[2] = {};
	struct tg_cluster_stats cluster = {.peers = peers, .peers_n = 2};
	tg_autofree char *want = NULL, *got = NULL;
	char why[TG_ERRMSG_SIZE];
	size_t length;

	make_up(interfaces, limits);
	make_up_peers(peers);
	make_up_cluster(&cluster);
	tg_missing_add(&stats.missing, &(struct tg_missing){.name = "wg0"});
	tg_missing_add(&stats.missing, &(struct tg_missing){.name = "p\"7\xff",
							    .hook = TG_HOOK_TC_EGRESS,
							    .reason = TG_MISSING_NO_ROOM});
	stats.missing.unlisted = 42;
	got = text_of(&stats, &cluster, &daemon);
	CHECK(tg_text_read(GOLDEN, 1 << 20, &want, &length, why) == 0,
	      "%s; run it from the top directory", why);
	if (want)
		compare(got, want);
	tg_missing_free(&stats.missing);
}

/* Every family says its type, also when there is nothing to count yet. */
TEST(test_nothing)
{
	const struct tg_stats stats = {};
	const struct tg_daemon daemon = {};
	tg_autofree char *got = text_of(&stats, NULL, &daemon);

	CHECK(strstr(got, "# TYPE tidegate_received_packets_total counter\n"), "a counter");
	CHECK(strstr(got, "\ntidegate_table_size 0\n"), "a gauge");
	CHECK(strstr(got, "\ntidegate_interfaces_missing 0\n"), "nothing is missing");
	CHECK(strstr(got, "\ntidegate_interface_listing_failed 0\n"), "listed");
	CHECK(!strstr(got, "interface=\""), "no interface");
	CHECK(!strstr(got, "limit=\""), "no limit");
	CHECK(!strstr(got, "tidegate_cluster"), "no cluster");
}

/* What the kernel takes as the name of an interface need not be text. */
TEST(test_names_of_bytes)
{
	static const struct {
		const char *bytes, *text;
	} cases[] = {
		{"eth0", "eth0"},
		{"\xc3\xbc"
		 "0",
		 "\xc3\xbc"
		 "0"},
		{"a\xff\xfe", "a??"},
		{"\xc3", "?"},
		{"\xe2\x82", "??"},
		{"\xed\xa0\x80", "???"},
		{"a\x1b[2Jb", "a?[2Jb"},
		{"\x7f\a\n", "???"},
		{"\xc2\x9b"
		 "2J",
		 "??2J"},
	};
	char text[16];
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		strcpy(text, cases[i].bytes);
		tg_text_force_printable(text);
		CHECK(strcmp(text, cases[i].text) == 0, "%zu: %s", i, text);
	}
}

TEST_MAIN(RUN(test_golden), RUN(test_nothing), RUN(test_names_of_bytes))
