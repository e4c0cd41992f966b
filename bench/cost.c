// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a packet costs in the program, by BPF_PROG_TEST_RUN, as a ratio to the floor: an
 * ARP frame, which leaves right after its EtherType. All cases in turn, many rounds, so that the
 * machine's noise falls on all alike; minimum and median of the rounds.
 */
#include "bpf/fixture.h"

#define ROUNDS 41
#define REPEAT 200000

struct bench_case {
	const char *what, *limits;
	void (*build)(struct packet *packet);
	struct fixture fixture;
	struct packet packet;
	double ns[ROUNDS];
};

static void build_arp(struct packet *packet)
{
	put_ethernet(packet, ETH_P_ARP);
	put(packet, NULL, 46);
}

static void build_ipv4(struct packet *packet)
{
	udp_from(packet, "192.0.2.1", 53);
}

static void build_ipv6(struct packet *packet)
{
	udp_from(packet, "2001:db8::1", 53);
}

#define ONE(refill)                                                                                      \
	"limits: [{name: l, match: {protocol: udp, destination_port: 53}, capacity: 1000000000, " refill \
	"}]"

static struct bench_case cases[] = {
	{.what = "ARP (the floor)", .limits = ONE("rate: 1000/s"), .build = build_arp},
	{.what = "IPv4 UDP, no limit", .limits = "", .build = build_ipv4},
	{.what = "IPv4 UDP, admitted, coarse clock",
	 .limits = ONE("rate: 1000/s"),
	 .build = build_ipv4},
	{.what = "IPv4 UDP, admitted, precise clock",
	 .limits = ONE("rate: 1000000000000/h"),
	 .build = build_ipv4},
	{.what = "IPv4 UDP, admitted, stepped",
	 .limits = ONE("refill_amount: 10, refill_interval: 1s"),
	 .build = build_ipv4},
	{.what = "IPv4 UDP, refused",
	 .limits = "limits: [{name: l, capacity: 1, rate: 1/d}]",
	 .build = build_ipv4},
	{.what = "IPv6 UDP, admitted, coarse clock",
	 .limits = ONE("rate: 1000/s"),
	 .build = build_ipv6},
};

#define CASES (sizeof(cases) / sizeof(cases[0]))

static double measure(const struct bench_case *bench)
{
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = bench->packet.bytes,
		    .data_size_in = bench->packet.length, .repeat = REPEAT);

	if (bpf_prog_test_run_opts(bench->fixture.xdp, &options))
		return -1;
	return options.duration;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	double floor;
	size_t i;
	int round;

	for (i = 0; i < CASES; i++) {
		if (!fixture_open(&cases[i].fixture, cases[i].limits))
			return 1;
		cases[i].build(&cases[i].packet);
	}
	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < CASES; i++)
			cases[i].ns[round] = measure(&cases[i]);
	for (i = 0; i < CASES; i++)
		qsort(cases[i].ns, ROUNDS, sizeof(double), compare);
	floor = cases[0].ns[ROUNDS / 2];
	printf("%-36s %8s %8s %8s\n", "ns a packet", "min", "median", "ratio");
	for (i = 0; i < CASES; i++) {
		printf("%-36s %8.0f %8.0f %8.1f\n", cases[i].what, cases[i].ns[0],
		       cases[i].ns[ROUNDS / 2], cases[i].ns[ROUNDS / 2] / floor);
		fixture_close(&cases[i].fixture);
	}
	return 0;
}
