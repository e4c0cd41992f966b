// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cost [ROUNDS]: what a packet costs in the program, by BPF_PROG_TEST_RUN on the kernel's own
 * clocks; the first case is a program that only drops. All cases in turn, many rounds, so that the
 * machine's noise falls on all alike. Prints JSON: the ns of each round of each case.
 */
#include <jansson.h>
#include <time.h>

#include "bench/flood.skel.h"
#include "bpf/fixture.h"

#define ROUNDS_MOST 99
#define REPEAT	    200000

struct bench_case {
	const char *what, *limits;
	int written,
		matched;  /* if no limits are given: so many, of which so many match the packet */
	size_t prefixes;  /* in the condition on the source of each of them */
	bool floor;	  /* a program that drops what it gets */
	bool entry;	  /* by the program that links run, and not the generation's itself */
	const char *hook; /* NULL: xdp */
	int before;	  /* packets sent one by one before the first round */
	void (*build)(struct packet *packet);
	struct fixture fixture;
	struct packet packet;
	double ns[ROUNDS_MOST];
};

static void build_lldp(struct packet *packet)
{
	put_ethernet(packet, 0x88cc);
	put(packet, NULL, 46);
}

static void build_ipv4(struct packet *packet)
{
	udp_from(packet, "192.0.2.1", 53);
}

static void build_vlan(struct packet *packet)
{
	struct packet untagged;

	build_ipv4(&untagged);
	put_ethernet(packet, ETH_P_IP);
	put_vlan(packet, ETH_P_8021Q);
	put(packet, untagged.bytes + sizeof(struct ethhdr),
	    untagged.length - sizeof(struct ethhdr));
}

static void build_ipv6(struct packet *packet)
{
	udp_from(packet, "2001:db8::1", 53);
}

/* Of a datagram whose first one never comes. */
static void build_fragment(struct packet *packet)
{
	put_ethernet(packet, ETH_P_IPV6);
	put_ipv6(packet, "2001:db8::1", IPPROTO_FRAGMENT, 64);
	put_fragment(packet, IPPROTO_UDP, 100, 1);
	put(packet, NULL, 8);
	packet_done(packet);
}

#define ONE(refill)                                                                                      \
	"limits: [{name: l, match: {protocol: udp, destination_port: 53}, capacity: 1000000000, " refill \
	"}]"

static struct bench_case cases[] = {
	{.what = "XDP_DROP", .floor = true, .limits = "", .build = build_ipv4},
	{.what = "not IP", .limits = ONE("rate: 1000/s"), .build = build_lldp},
	{.what = "IPv4 UDP, no limit (parsing alone)", .limits = "", .build = build_ipv4},
	{.what = "IPv4 UDP, admitted, coarse clock",
	 .limits = ONE("rate: 1000/s"),
	 .build = build_ipv4},
	{.what = "IPv4 UDP, admitted, precise clock",
	 .limits = ONE("rate: 100000000000/s"),
	 .build = build_ipv4},
	{.what = "IPv4 UDP, admitted, stepped",
	 .limits = ONE("refill_amount: 10, refill_interval: 1s"),
	 .build = build_ipv4},
	{.what = "IPv4 UDP, refused",
	 .limits = "limits: [{name: l, capacity: 1, rate: 1/d}]",
	 .build = build_ipv4},
	{.what = "IPv4 UDP, beyond a shadow limit",
	 .limits = "limits: [{name: l, capacity: 1, rate: 1/d, shadow: true}]",
	 .build = build_ipv4},
	{.what = "IPv4 UDP, marked by a DSCP that it has",
	 .limits =
		 "limits: [{name: l, capacity: 1, rate: 1/d, on_exceed: mark, mark: {dscp: cs1}}]",
	 .build = build_ipv4},
	/* No token is left for answers, as under a flood. */
	{.what = "IPv4 UDP, rejected without an answer",
	 .limits = "limits: [{name: l, capacity: 1, rate: 1/d, on_exceed: reject}]",
	 .before = 100,
	 .build = build_ipv4},
	{.what = "IPv4 UDP, refused in backoff",
	 .limits = "limits: [{name: l, capacity: 1, rate: 1/d, backoff: {}}]",
	 .build = build_ipv4},
	{.what = "tc-egress: not IP (its floor)",
	 .limits = ONE("rate: 1000/s"),
	 .hook = "tc-egress",
	 .build = build_lldp},
	{.what = "tc-egress: IPv4 UDP, admitted",
	 .limits = ONE("rate: 1000/s"),
	 .hook = "tc-egress",
	 .build = build_ipv4},
	/* All of the rounds together are fewer than 10 s of tokens. */
	{.what = "tc-egress: IPv4 UDP, delayed",
	 .limits = "limits: [{name: l, capacity: 1, rate: 1000000/s, on_exceed: delay, max_delay: "
		   "10s}]",
	 .hook = "tc-egress",
	 .build = build_ipv4},
	{.what = "IPv6 UDP, admitted, coarse clock",
	 .limits = ONE("rate: 1000/s"),
	 .build = build_ipv6},
	{.what = "IPv4 UDP in a VLAN, admitted",
	 .limits = ONE("rate: 1000/s"),
	 .build = build_vlan},
	{.what = "IPv4 UDP, admitted, by the entry",
	 .limits = ONE("rate: 1000/s"),
	 .entry = true,
	 .build = build_ipv4},
	{.what = "1 limit written, 1 matches", .written = 1, .matched = 1, .build = build_ipv4},
	{.what = "8 limits written, 1 matches", .written = 8, .matched = 1, .build = build_ipv4},
	{.what = "64 limits written, 1 matches", .written = 64, .matched = 1, .build = build_ipv4},
	{.what = "8 limits written, 3 match", .written = 8, .matched = 3, .build = build_ipv4},
	{.what = "64 limits written, 3 match", .written = 64, .matched = 3, .build = build_ipv4},
	{.what = "8 limits written, 8 match", .written = 8, .matched = 8, .build = build_ipv4},
	{.what = "64 limits written, 8 match", .written = 64, .matched = 8, .build = build_ipv4},
	{.what = "64 limits written, 64 match", .written = 64, .matched = 64, .build = build_ipv4},
	{.what = "63 limits written, 1 matches", .written = 63, .matched = 1, .build = build_ipv6},
	{.what = "63 limits written, a later fragment",
	 .written = 63,
	 .matched = 1,
	 .build = build_fragment},
	{.what = "8 and 1, source in 100,000 prefixes",
	 .written = 8,
	 .matched = 1,
	 .prefixes = 100000,
	 .build = build_ipv4},
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

/* 2^17 prefixes of 10.0.0.0/8 and the packet's own; in a file, as an operator would. */
static void write_prefixes(const char *path, size_t n)
{
	FILE *file = fopen(path, "w");
	size_t i;

	fprintf(file, "192.0.2.0/24\n");
	for (i = 0; i < n; i++)
		fprintf(file, "10.%zu.%zu.%zu/32\n", i >> 16, i >> 8 & 255, i & 255);
	fclose(file);
}

/* Limits on ports, of which only @matched have the packet's. */
static const char *make_limits(const struct bench_case *bench)
{
	static char yaml[65536];
	char source[64] = "", path[] = "/tmp/tidegate-bench-prefixes";
	size_t at;
	int i;

	if (bench->prefixes) {
		write_prefixes(path, bench->prefixes);
		snprintf(source, sizeof(source), ", source: many");
	}
	at = bench->prefixes ? snprintf(yaml, sizeof(yaml), "sets: {many: {file: %s}}\n", path) : 0;
	at += snprintf(yaml + at, sizeof(yaml) - at, "limits:\n");
	for (i = 0; i < bench->written; i++)
		at += snprintf(yaml + at, sizeof(yaml) - at,
			       "  - {name: l%d, match: {protocol: udp, destination_port: %d%s}, "
			       "capacity: 1000000000, rate: 1000/s}\n",
			       i, i < bench->matched ? 53 : 1000 + i, source);
	return yaml;
}

/* As a publish leaves it: the generation in its bank, and that one active. */
static int through_entry(struct fixture *fixture)
{
	int map = bpf_map__fd(fixture->skeleton->maps.generations);
	uint32_t bank = 0;

	if (bpf_map_update_elem(map, &bank, &fixture->xdp, BPF_ANY))
		return -1;
	fixture->xdp = bpf_program__fd(fixture->skeleton->progs.tidegate_entry);
	return 0;
}

static bool prepare(struct bench_case *bench, const struct flood_bpf *flood)
{
	struct fixture *fixture = &bench->fixture;
	int i;

	if (!fixture_open_at(fixture, bench->hook ? bench->hook : "xdp",
			     bench->limits ? bench->limits : make_limits(bench)))
		return false;
	if (bench->entry && through_entry(fixture))
		return false;
	if (bench->hook)
		fixture->xdp = fixture->programs[TG_HOOK_TC_EGRESS];
	if (bench->floor)
		fixture->xdp = bpf_program__fd(flood->progs.drop);
	bench->build(&bench->packet);
	for (i = 0; i < bench->before; i++)
		run(fixture, &bench->packet, bench->packet.length);
	return true;
}

/* The kernel measures in whole nanoseconds, too coarse for the floor; and the call sleeps before
 * and after. */
static double measure(const struct bench_case *bench)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bench->packet.bytes,
		    .data_size_in = bench->packet.length, .repeat = REPEAT);
	struct timespec start, end;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
	if (bpf_prog_test_run_opts(bench->fixture.xdp, &options))
		return -1;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end);
	return ((end.tv_sec - start.tv_sec) * 1e9 + end.tv_nsec - start.tv_nsec) / REPEAT;
}

/* By bench/run, which makes minimum, median and ratios of it. */
static int print(int rounds)
{
	json_t *all = json_object(), *ns;
	int round, error;
	size_t i;

	fixture_virtual = false;
	for (i = 0; i < CASES; i++) {
		ns = json_array();
		for (round = 0; round < rounds; round++)
			json_array_append_new(ns, json_real(cases[i].ns[round]));
		json_object_set_new(all, cases[i].what, ns);
	}
	error = json_dumpf(all, stdout, JSON_REAL_PRECISION(6));
	puts("");
	json_decref(all);
	return error;
}

int main(int argc, char **argv)
{
	int rounds = argc > 1 ? atoi(argv[1]) : 15, round;
	struct flood_bpf *flood = flood_bpf__open_and_load();
	size_t i;

	if (!flood || rounds < 1 || rounds > ROUNDS_MOST)
		return 1;
	for (i = 0; i < CASES; i++)
		if (!prepare(&cases[i], flood))
			return 1;
	for (round = 0; round < rounds; round++)
		for (i = 0; i < CASES; i++)
			cases[i].ns[round] = measure(&cases[i]);
	for (i = 0; i < CASES; i++)
		fixture_close(&cases[i].fixture);
	flood_bpf__destroy(flood);
	return print(rounds) != 0;
}
