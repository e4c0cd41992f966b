/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a change is said to do. */
#include "test.h"

#include <stdlib.h>

#include "explain/diff.h"
#include "config/load.h"

#define HEAD "interfaces: [{name: lo}]\n"
#define BASE                                                                                       \
	HEAD "allow: [192.0.2.0/24]\nlimits:\n"                                                    \
	     "  - {name: a, match: {protocol: udp}, capacity: 10, rate: 1/s}\n"                    \
	     "  - {name: b, capacity: 20, rate: 2/s}\n"
#define LIMITS(a, b) HEAD "allow: [192.0.2.0/24]\nlimits:\n  - {" a "}\n  - {" b "}\n"
#define A	     "name: a, match: {protocol: udp}, capacity: 10, rate: 1/s"
#define B	     "name: b, capacity: 20, rate: 2/s"

#define CLUSTERED(cluster, a, b)                                                                   \
	HEAD "allow: [192.0.2.0/24]\ncluster: {" cluster "}\nlimits:\n  - {" a "}\n  - {" b "}\n"

static const struct {
	const char *to;
	const char *wanted[8]; /* "what name change" or " sentence part", in order */
} cases[] = {
	{BASE, {NULL}},
	{LIMITS(B, A), {NULL}},
	{LIMITS(A, "name: b, capacity: 40, rate: 2/s"),
	 {"limit b changed",
	  " bursts to 40 packets, then 2/s (packets), evenly spread; now: bursts to 20",
	  " 7 live buckets keep the share that is missing"}},
	{LIMITS(A, "name: b, capacity: 20, rate: 2/s, new_sources: {rate: 600/m, burst: 50}"),
	 {"limit b changed",
	  " new sources get a bucket of their own: 50 at once, then 10/s, and others "
	  "share some; now: new sources get a bucket of their own while there is room"}},
	{LIMITS(A, "name: b, prefix: {ipv4: 24}, capacity: 20, rate: 2/s"),
	 {"limit b changed",
	  " each source (IPv4 /24, IPv6 /64); now: each source (IPv4 /32, IPv6 /64)",
	  " keyed anew: the 7 live ones go"}},
	{LIMITS(A, "name: b, per: [source, protocol], capacity: 20, rate: 2/s"),
	 {"limit b changed", " each protocol for itself", " keyed anew"}},
	{LIMITS(A, "name: b, per: [source, destination_port], capacity: 20, rate: 2/s"),
	 {"limit b changed", " each destination port for itself", " keyed anew"}},
	{LIMITS(A, "name: b, per: [source, destination_port, protocol], capacity: 20, rate: 2/s"),
	 {"limit b changed", " each destination port for itself, each protocol for itself,",
	  " keyed anew"}},
	{LIMITS(A, "name: b, unit: connections, capacity: 20, rate: 2/s"),
	 {"limit b changed", " the unit is connections; now: packets", " keep the share"}},
	{LIMITS("name: a, match: {protocol: tcp}, capacity: 10, rate: 1/s", B),
	 {"limit a changed", " tcp; now: udp", " its buckets stay"}},
	{LIMITS(A, "name: c, capacity: 30, rate: 2/s"),
	 {"limit c added",
	  " each source (IPv4 /32, IPv6 /64), for any packet: bursts to 30 packets",
	  " its buckets start full", "limit b removed", " its 7 live buckets and its counters go"}},
	{LIMITS(A, "name: c, capacity: 20, rate: 2/s"),
	 {"limit c added", " for any packet", " start full",
	  " it has the settings of b, which goes", "limit b removed", " its 7 live"}},
	{LIMITS(A, B ", per: everyone, match: {protocol: not_ip}"),
	 {"limit b changed", " what is not IP; now: any packet", " charged for the packets",
	  " everyone together; now: each source", " keyed anew"}},
	/* clusters */
	{CLUSTERED("name: e, node: n, redis: \"redis://h\"", A, B ", shared: true"),
	 {"cluster e added", "limit b changed",
	  " shared: while other nodes cannot be heard, this node has its part; now: for this "
	  "machine alone"}},
	{CLUSTERED("name: e, node: n, redis: \"redis://h\"", A,
		   "name: c, capacity: 30, rate: 2/s, shared: true"),
	 {"cluster e added", "limit c added", " evenly spread", " start full", " shared: while",
	  "limit b removed", " its 7"}},
	/* hooks and what exceeds */
	{LIMITS(A, B ", shadow: true"),
	 {"limit b changed", " shadow: what exceeds goes on and is counted; without shadow: what "
			     "exceeds is dropped; now: what exceeds is dropped"}},
	{LIMITS(A, B ", on_exceed: mark, mark: {dscp: cs1}"),
	 {"limit b changed", " what exceeds goes on with DSCP cs1; now: what exceeds is dropped"}},
	{LIMITS(A, B ", mark: {ecn: true}, mark_above: 5"),
	 {"limit b changed", " more than 5 packets are in use"}},
	{LIMITS(A, B ", on_exceed: reject, reject: {dns: refused}"),
	 {"limit b changed", " answered by a TCP reset, DNS REFUSED or ICMP"}},
	{LIMITS(A, B ", backoff: {factor: 1.5}"),
	 {"limit b changed", " and closes the bucket for 100ms, then 1.5 times as long"}},
	{LIMITS(A, B ", match: {hook: xdp}"),
	 {"limit b changed", " it holds at xdp; now: it holds at xdp, tc-ingress and tc-egress"}},
	{LIMITS(A, "name: c, capacity: 30, rate: 2/s, shadow: true"),
	 {"limit c added", " evenly spread; shadow: what exceeds", " start full", "limit b removed",
	  " its 7"}},
	{"interfaces: [{name: lo, hooks: [tc-ingress, tc-egress], manage_qdisc: true}]\n"
	 "allow: [192.0.2.0/24]\nlimits: [{" A "}, {" B "}]\n",
	 {"interface lo changed", " limited from now on at tc-ingress and tc-egress",
	  " not limited any more at xdp", " manage_qdisc is true; now: false"}},
	{BASE "table: {size: 1000}\non_stop: keep\n",
	 {"table  changed", " room for 1000 buckets; now: 65536", " live buckets are copied",
	  "on_stop  changed", " keep; now: detach"}},
	{BASE "table: {reserve: 25%}\n",
	 {"table  changed", " 25% of it is reserved for the limits; now: 50%"}},
	{BASE "table: {size: 1000, reserve: 0}\n",
	 {"table  changed", " room for 1000 buckets; now: 65536", " live buckets are copied",
	  " 0% of it is reserved for the limits; now: 50%"}},
	{LIMITS(A, B ", table_share: 12.5%"),
	 {"limit b changed",
	  " 12.5% of the table is its own; now: its part of the table is equal to those of the "
	  "others"}},
	{BASE "deny: [10.0.0.1, 10.0.0.2, 10.0.0.3, 10.0.0.4, 10.0.0.5, 10.0.0.6, 10.0.0.7]\n",
	 {"deny  changed",
	  " 7 more: 10.0.0.1/32, 10.0.0.2/32, 10.0.0.3/32, 10.0.0.4/32, 10.0.0.5/32 and 2 more"}},
	{"interfaces: [{name: eth0}]\nallow: [192.0.2.0/24]\nlimits: [{" A "}, {" B "}]\n",
	 {"interface eth0 added", "interface lo removed"}},
	{"interfaces: [{name: lo, xdp_mode: generic}]\nallow: [192.0.2.0/25]\nlimits: [{" A "}, {" B
	 "}]\n",
	 {"interface lo changed", " xdp_mode is generic; now: auto", "allow  changed",
	  " 1 more: 192.0.2.0/25", " 1 fewer: 192.0.2.0/24"}},
};

static uint64_t seven(const void *data, const char *limit)
{
	return 7;
}

static struct tg_config *parse(const char *text)
{
	struct tg_diagnostics diagnostics = {0};
	struct tg_config *config = NULL;

	tg_config_parse("t.yaml", text, strlen(text), &config, &diagnostics);
	CHECK(config, "%s: %s", text, diagnostics.n ? diagnostics.items[0].message : "");
	tg_diagnostics_clear(&diagnostics);
	return config;
}

/* The lines of a difference, compared with those wanted. */
static void check_lines(const json_t *changes, const char *const *wanted, const char *to)
{
	const json_t *change, *detail;
	size_t i, j, n = 0;
	char line[256];

	json_array_foreach(changes, i, change)
	{
		snprintf(line, sizeof(line), "%s %s %s",
			 json_string_value(json_object_get(change, "what")),
			 json_string_value(json_object_get(change, "name")),
			 json_string_value(json_object_get(change, "change")));
		CHECK(wanted[n] && strcmp(line, wanted[n]) == 0, "%s, want %s: %s", line, wanted[n],
		      to);
		n += wanted[n] != NULL;
		json_array_foreach(json_object_get(change, "details"), j, detail)
		{
			CHECK(wanted[n] && wanted[n][0] == ' ' &&
				      strstr(json_string_value(detail), wanted[n] + 1),
			      "%s, want %s: %s", json_string_value(detail), wanted[n], to);
			n += wanted[n] != NULL;
		}
	}
	CHECK(!wanted[n], "%s is missing: %s", wanted[n], to);
}

TEST(test_diff)
{
	struct tg_config *from = parse(BASE), *to;
	json_t *changes;
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		to = parse(cases[i].to);
		if (!from || !to)
			return;
		changes = tg_config_diff(from, to, seven, NULL);
		check_lines(changes, cases[i].wanted, cases[i].to);
		json_decref(changes);
		tg_config_free(&to);
	}
	tg_config_free(&from);
}

#define KEYED(cluster, shared, more)                                                               \
	CLUSTERED(cluster ", redis: \"redis://h\"",                                                \
		  "name: k, per: key, shared: " shared ", capacity: 9, rate: 1/s",                 \
		  "name: l, per: key, capacity: 8, rate: 1/s" more)
#define EDGE "name: edge, node: n"

/* Two clusters, and what becomes of the keys of applications. */
static const struct {
	const char *from, *to, *wanted[10];
} cluster_cases[] = {
	{KEYED(EDGE, "true", ""), KEYED(EDGE, "true", ""), {NULL}},
	{KEYED(EDGE, "true, on_store_loss: hold", ""),
	 KEYED(EDGE, "true, on_store_loss: local", ""),
	 {"limit k changed",
	  " shared: while other nodes cannot be heard, this node has all of it; now: shared: while "
	  "other nodes cannot be heard, they are taken to go on as they did"}},
	{KEYED(EDGE, "true", ""),
	 KEYED(EDGE ", interval: 1s, nodes_expected: 3", "true", ""),
	 {"cluster edge changed",
	  " every 1s they meet at redis://h:6379/0; who is not heard for 10s counts as lost; 1024 "
	  "sources at most; 3 nodes at least; now: edge, of which this node is n; every 50ms"}},
	{KEYED(EDGE ", user: a, password_file: p", "true", ""),
	 KEYED(EDGE ", password_file: q", "true", ""),
	 {"cluster edge changed", " user is not given; now: a", " password_file is q; now: p"}},
	/* hashed otherwise */
	{KEYED(EDGE, "true", ""),
	 KEYED("name: core, node: n", "true", ""),
	 {"cluster core changed", " core, of which this node is n", "limit k changed",
	  " keyed anew: the 7 live ones go", "limit l changed", " keyed anew: the 7 live ones go"}},
	{KEYED(EDGE, "true", ""),
	 KEYED(EDGE ", frame_key_file: f", "true", ""),
	 {"cluster edge changed",
	  " what they tell is signed; now: ", " frame_key_file is f; now: not given",
	  "limit k changed", " keyed anew", "limit l changed", " keyed anew"}},
	{KEYED(EDGE, "true", ""),
	 KEYED(EDGE, "false", ""),
	 {"limit k changed", " for this machine alone; now: shared", " keyed anew",
	  "limit l changed", " keyed anew"}},
	{KEYED(EDGE, "false", ", shared: true"),
	 KEYED(EDGE, "true", ", shared: true"),
	 {"limit k changed", " shared: while other nodes cannot be heard"}},
	{KEYED(EDGE, "false", ""),
	 KEYED("name: core, node: n", "false", ""),
	 {"cluster core changed", " core, of which"}},
	{KEYED(EDGE, "false", ""),
	 LIMITS("name: k, per: key, capacity: 9, rate: 1/s",
		"name: l, per: key, capacity: 8, rate: 1/s"),
	 {"cluster edge removed"}},
};

TEST(test_diff_of_clusters)
{
	struct tg_config *from, *to;
	json_t *changes;
	size_t i;

	for (i = 0; i < sizeof(cluster_cases) / sizeof(cluster_cases[0]); i++) {
		from = parse(cluster_cases[i].from);
		to = parse(cluster_cases[i].to);
		if (!from || !to)
			return;
		changes = tg_config_diff(from, to, seven, NULL);
		check_lines(changes, cluster_cases[i].wanted, cluster_cases[i].to);
		json_decref(changes);
		tg_config_free(&from);
		tg_config_free(&to);
	}
}

TEST_MAIN(RUN(test_diff), RUN(test_diff_of_clusters))
