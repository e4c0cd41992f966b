// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * accuracy PACKETS: for rates from the slowest to the fastest, how much is admitted of PACKETS that
 * come at twice the rate on a virtual clock, beside what the bucket allows in that time: its
 * capacity and the rate. The packets come at random moments and in random lengths. Prints JSON.
 */
#include <jansson.h>

#include "bpf/fixture.h"

#define SEED 1

static const struct rate_case {
	const char *what;
	double rate; /* tokens a second */
	uint64_t capacity;
	bool bytes;
} cases[] = {
	{"1/s", 1, 10, false},
	{"10/s", 10, 10, false},
	{"100/s", 100, 100, false},
	{"1000/s", 1000, 100, false},
	{"10000/s", 1e4, 1000, false},
	{"100000/s", 1e5, 1000, false},
	{"1000000/s", 1e6, 10000, false},
	{"1kbit/s", 125, 15000, true},
	{"10kbit/s", 1250, 15000, true},
	{"100kbit/s", 12500, 15000, true},
	{"1Mbit/s", 125e3, 15000, true},
	{"10Mbit/s", 125e4, 150000, true},
	{"100Mbit/s", 125e5, 150000, true},
	{"1Gbit/s", 125e6, 1500000, true},
	{"10Gbit/s", 125e7, 1500000, true},
};

#define CASES	  (sizeof(cases) / sizeof(cases[0]))
#define MEAN_SIZE ((60 + 1514) / 2)

static void set_clocks(struct fixture *fixture, uint64_t now)
{
	fixture->skeleton->bss->virtual_now[TG_CLOCK_PRECISE] = now;
	fixture->skeleton->bss->virtual_now[TG_CLOCK_COARSE] = now - now % TICK;
}

/* Sends the packets and returns the ns from the first to the last. */
static uint64_t send_packets(struct fixture *fixture, const struct rate_case *rate, int packets)
{
	double mean = S / rate->rate / 2 * (rate->bytes ? MEAN_SIZE : 1);
	uint64_t start = 1000 * S, now = start;
	struct packet packet;
	int i;

	for (i = 0; i < packets; i++) {
		size_t length = rate->bytes ? 60 + random() % (1514 - 60 + 1) : 60;

		put_ethernet(&packet, ETH_P_IP);
		put_ipv4(&packet, "192.0.2.1", IPPROTO_UDP, 0, 0);
		put_udp(&packet, 53, length - 42);
		packet_done(&packet);
		now += i ? mean * 2 * (random() / (RAND_MAX + 1.0)) : 0;
		set_clocks(fixture, now);
		run(fixture, &packet, packet.length);
	}
	return now - start;
}

static json_t *measure(const struct rate_case *rate, int packets)
{
	struct tg_limit_counters counters;
	struct fixture fixture;
	char limits[256];
	uint64_t ns;

	snprintf(limits, sizeof(limits), "limits: [{name: l, unit: %s, capacity: %llu, rate: %s}]",
		 rate->bytes ? "bytes" : "packets", (unsigned long long)rate->capacity, rate->what);
	if (!fixture_open(&fixture, limits))
		exit(1);
	ns = send_packets(&fixture, rate, packets);
	counters = limit_counters(&fixture, 0);
	fixture_close(&fixture);
	return json_pack("{s:I, s:f}", "admitted",
			 (json_int_t)(rate->bytes ? counters.bytes[TG_VERDICT_ADMITTED]
						  : counters.packets[TG_VERDICT_ADMITTED]),
			 "allowed", rate->capacity + rate->rate * ns / S);
}

int main(int argc, char **argv)
{
	int packets = argc > 1 ? atoi(argv[1]) : 100000, error;
	json_t *all = json_object();
	size_t i;

	srandom(SEED);
	for (i = 0; i < CASES; i++)
		json_object_set_new(all, cases[i].what, measure(&cases[i], packets));
	error = json_dumpf(all, stdout, JSON_REAL_PRECISION(12));
	puts("");
	json_decref(all);
	return error;
}
