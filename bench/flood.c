// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * flood DEVICE MAC ADDRESS PORT SOURCES FIRST PACKETS SECONDS RATE STRIDE
 *
 * Sends UDP packets of 60 bytes out of DEVICE (one end of a veth) to MAC and ADDRESS: PACKETS of
 * them, or (0) until SECONDS are over, at RATE a second or (0) as fast as it goes, from SOURCES
 * addresses, each time the STRIDE-th one on, beginning with the FIRST, or (0) from a new one each.
 * They are made in the kernel, by BPF_PROG_TEST_RUN with live frames; the other end receives them
 * on the same CPU, so that the time that they take is that of both ends. Prints "ready", and at the
 * end JSON: how many were sent, and the ns in which the first so many (timed) were.
 *
 * A rate is kept as a network card's interrupts would, every TICK what has come meanwhile. If that
 * takes longer than the tick, the next follows at once, and there are fewer than there should be.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <jansson.h>
#include <limits.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/udp.h>
#include <net/if.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "bench/flood.skel.h"

#define NS_PER_S      1000000000ULL
#define TICK	      500000  /* ns */
#define SPARE	      "spare" /* a veth of no other use, in the same namespace */
#define FRAME	      60
#define BATCH	      64	 /* frames handed to the device at once */
#define FIRST_FEW     0x0a000001 /* 10.0.0.1: of a known number of sources */
#define FIRST_NEW     0x0b000000 /* 11.0.0.0, and up to 126.255.255.255 */
#define NEW_ADDRESSES (116U << 24)

static int fail(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	return -1;
}

/* All but the source and the IP checksum, which the program writes; UDP goes without one. */
static int build(uint8_t *frame, char **argv)
{
	struct ethhdr *ethernet = (struct ethhdr *)frame;
	struct iphdr *ip = (struct iphdr *)(ethernet + 1);
	struct udphdr *udp = (struct udphdr *)(ip + 1);
	uint8_t *mac = ethernet->h_dest;

	memset(frame, 0, FRAME);
	if (sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &mac[0], &mac[1], &mac[2], &mac[3],
		   &mac[4], &mac[5]) != 6 ||
	    inet_pton(AF_INET, argv[3], &ip->daddr) != 1) {
		errno = EINVAL;
		return fail("MAC ADDRESS");
	}
	memcpy(ethernet->h_source, "\2\0\0\0\0\7", 6);
	ethernet->h_proto = htons(ETH_P_IP);
	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->tot_len = htons(FRAME - sizeof(*ethernet));
	udp->source = htons(40000);
	udp->dest = htons(atoi(argv[4]));
	udp->len = htons(FRAME - sizeof(*ethernet) - sizeof(*ip));
	return 0;
}

static uint32_t sum_of_header(const uint8_t *frame)
{
	const uint8_t *ip = frame + sizeof(struct ethhdr);
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i < sizeof(struct iphdr); i += 2)
		sum += ip[i] << 8 | ip[i + 1];
	return (sum & 0xffff) + (sum >> 16);
}

static struct flood_bpf *load(const uint8_t *frame, char **argv)
{
	struct flood_bpf *skeleton = flood_bpf__open();
	uint64_t first = strtoull(argv[6], NULL, 10);

	if (!skeleton)
		return NULL;
	skeleton->rodata->sources = strtoul(argv[5], NULL, 10);
	skeleton->rodata->base = skeleton->rodata->sources ? FIRST_FEW : FIRST_NEW;
	skeleton->rodata->stride = strtoul(argv[10], NULL, 10);
	skeleton->rodata->header = sum_of_header(frame);
	skeleton->bss->next =
		first % (skeleton->rodata->sources ? skeleton->rodata->sources : NEW_ADDRESSES);
	if (flood_bpf__load(skeleton)) {
		flood_bpf__destroy(skeleton);
		return NULL;
	}
	return skeleton;
}

static volatile sig_atomic_t ended;

static void on_alarm(int signal)
{
	ended = 1;
}

/* It ends when it has made the packets, or by the alarm, which is no error. */
static int send_packets(int program, uint8_t *frame, unsigned int ifindex, int packets)
{
	struct xdp_md context = {.data_end = FRAME, .ingress_ifindex = ifindex};
	LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame, .data_size_in = FRAME,
		    .ctx_in = &context, .ctx_size_in = sizeof(context), .repeat = packets,
		    .flags = BPF_F_TEST_XDP_LIVE_FRAMES, .batch_size = BATCH);
	int error = bpf_prog_test_run_opts(program, &options);

	return error && error != -EINTR ? fail("BPF_PROG_TEST_RUN") : 0;
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static int keep_rate(int program, uint8_t *frame, unsigned int ifindex, uint64_t rate)
{
	uint64_t tick = now_ns();

	while (!ended) {
		struct timespec next;
		uint64_t now;

		if (send_packets(program, frame, ifindex, rate * TICK / NS_PER_S))
			return -1;
		now = now_ns();
		tick = now > tick + TICK ? now : tick + TICK;
		next.tv_sec = tick / NS_PER_S;
		next.tv_nsec = tick % NS_PER_S;
		clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
	}
	return 0;
}

/*
 * While a program is attached somewhere, the kernel need not make it known (and wait for that) at
 * each BPF_PROG_TEST_RUN.
 */
static int keep_known(int program)
{
	unsigned int spare = if_nametoindex(SPARE);

	if (!spare || bpf_xdp_attach(spare, program, XDP_FLAGS_DRV_MODE, NULL))
		return fail(SPARE);
	return 0;
}

static int run(const struct flood_bpf *skeleton, uint8_t *frame, char **argv)
{
	unsigned int ifindex = if_nametoindex(argv[1]);
	struct itimerval timer = {.it_value.tv_sec = atoi(argv[8])};
	int program = bpf_program__fd(skeleton->progs.flood), packets = atoi(argv[7]);
	uint64_t rate = strtoull(argv[9], NULL, 10);

	if (!ifindex)
		return fail(argv[1]);
	if (keep_known(program))
		return -1;
	puts("ready");
	fflush(stdout);
	signal(SIGALRM, on_alarm);
	setitimer(ITIMER_REAL, &timer, NULL);
	if (rate)
		return keep_rate(program, frame, ifindex, rate);
	return send_packets(program, frame, ifindex, packets ? packets : INT_MAX);
}

static int report(const struct flood_bpf *skeleton)
{
	uint64_t ns = skeleton->bss->timed_at - skeleton->bss->first_at;
	json_t *json = json_pack("{s:I, s:I, s:I}", "sent", (json_int_t)skeleton->bss->sent,
				 "timed", (json_int_t)skeleton->bss->timed, "ns", (json_int_t)ns);
	int error = !json || json_dumpf(json, stdout, 0);

	puts("");
	json_decref(json);
	return error;
}

int main(int argc, char **argv)
{
	struct flood_bpf *skeleton;
	uint8_t frame[FRAME];
	int error;

	if (argc != 11) {
		fprintf(stderr,
			"usage: flood DEVICE MAC ADDRESS PORT SOURCES FIRST PACKETS SECONDS RATE "
			"STRIDE\n");
		return 2;
	}
	if (build(frame, argv))
		return 1;
	skeleton = load(frame, argv);
	if (!skeleton)
		return fail("load"), 1;
	error = run(skeleton, frame, argv) || report(skeleton);
	flood_bpf__destroy(skeleton);
	return error;
}
