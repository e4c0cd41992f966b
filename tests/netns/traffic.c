// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sends UDP packets from many sources and counts what arrives, for the tests and the demo.
 *
 *   traffic send DEVICE MAC FROM TO PORT SOURCES RATE SECONDS LENGTH
 *     RATE packets a second in all (0: a burst of SECONDS packets from each), from SOURCES
 *     addresses FROM, FROM+1, ... in turn; LENGTH bytes of frame. Prints how many were sent.
 *   traffic count DEVICE PORT SECONDS
 *     Prints "ready", waits SECONDS or for SIGTERM, then prints for each source a line
 *     "INDEX PACKETS FIRST LAST": the low 16 bits of its address, times in ms since the start; then
 * "end".
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/if.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FRAME_MAX   1514
#define SOURCES_MAX 65536
#define NS_PER_S    1000000000ULL

static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	stopped = 1;
}

static uint64_t now_ns(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static void die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_device(const char *device, int protocol)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol)};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(protocol)), size = 64 << 20;

	if (fd < 0)
		die("socket");
	address.sll_ifindex = if_nametoindex(device);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	if (!address.sll_ifindex || bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die(device);
	return fd;
}

static uint32_t sum_words(uint32_t sum, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	size_t i;

	for (i = 0; i < length; i++)
		sum += i % 2 ? bytes[i] : bytes[i] << 8;
	return sum;
}

static uint16_t fold(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons(~sum);
}

static size_t put_ethernet(uint8_t *frame, const char *mac, uint16_t protocol)
{
	struct ethhdr *ethernet = (struct ethhdr *)frame;
	unsigned int bytes[6], i;

	if (sscanf(mac, "%x:%x:%x:%x:%x:%x", &bytes[0], &bytes[1], &bytes[2], &bytes[3], &bytes[4],
		   &bytes[5]) != 6)
		die(mac);
	for (i = 0; i < 6; i++)
		ethernet->h_dest[i] = bytes[i];
	memcpy(ethernet->h_source, "\2\0\0\0\0\7", 6);
	ethernet->h_proto = htons(protocol);
	return sizeof(*ethernet);
}

static size_t put_ipv4(uint8_t *at, const uint8_t *from, const uint8_t *to, size_t payload)
{
	struct iphdr *ip = (struct iphdr *)at;

	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = IPPROTO_UDP;
	ip->tot_len = htons(sizeof(*ip) + payload);
	memcpy(&ip->saddr, from, 4);
	memcpy(&ip->daddr, to, 4);
	ip->check = fold(sum_words(0, ip, sizeof(*ip)));
	return sizeof(*ip);
}

static size_t put_ipv6(uint8_t *at, const uint8_t *from, const uint8_t *to, size_t payload)
{
	struct ipv6hdr *ip = (struct ipv6hdr *)at;

	ip->version = 6;
	ip->nexthdr = IPPROTO_UDP;
	ip->hop_limit = 64;
	ip->payload_len = htons(payload);
	memcpy(&ip->saddr, from, 16);
	memcpy(&ip->daddr, to, 16);
	return sizeof(*ip);
}

static void put_udp(uint8_t *at, uint16_t port, const uint8_t *from, const uint8_t *to, size_t size,
		    size_t length)
{
	struct udphdr *udp = (struct udphdr *)at;
	uint32_t sum = IPPROTO_UDP + length;

	udp->source = htons(40000);
	udp->dest = htons(port);
	udp->len = htons(length);
	sum = sum_words(sum, from, size);
	sum = sum_words(sum, to, size);
	udp->check = fold(sum_words(sum, udp, length));
	if (!udp->check)
		udp->check = 0xffff;
}

struct flow {
	const char *mac;
	uint8_t from[16], to[16];
	int family;
	uint16_t port;
	size_t length; /* of the frame */
};

/* IPv6 sources differ in the /64, IPv4 ones in the whole address. */
static void source_of(const struct flow *flow, uint32_t index, uint8_t *from)
{
	uint8_t *low = from + (flow->family == AF_INET ? 2 : 6);
	uint32_t value;

	memcpy(from, flow->from, 16);
	value = (low[0] << 8 | low[1]) + index;
	low[0] = value >> 8;
	low[1] = value;
}

static void build(const struct flow *flow, uint32_t index, uint8_t *frame)
{
	bool v4 = flow->family == AF_INET;
	size_t head = sizeof(struct ethhdr) + (v4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr));
	uint8_t from[16], *at = frame;

	memset(frame, 0, FRAME_MAX);
	source_of(flow, index, from);
	at += put_ethernet(at, flow->mac, v4 ? ETH_P_IP : ETH_P_IPV6);
	at += v4 ? put_ipv4(at, from, flow->to, flow->length - head)
		 : put_ipv6(at, from, flow->to, flow->length - head);
	put_udp(at, flow->port, from, flow->to, v4 ? 4 : 16, flow->length - head);
}

static void wait_until(uint64_t then)
{
	struct timespec time = {.tv_sec = then / NS_PER_S, .tv_nsec = then % NS_PER_S};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static void send_frame(int fd, const uint8_t *frame, size_t length)
{
	while (send(fd, frame, length, 0) < 0) {
		if (errno != ENOBUFS && errno != EAGAIN)
			die("send");
		usleep(100);
	}
}

static int run_send(char **argv)
{
	struct flow flow = {.mac = argv[1], .port = atoi(argv[4]), .length = atoi(argv[8])};
	uint32_t sources = atoi(argv[5]), rate = atoi(argv[6]), seconds = atoi(argv[7]), i;
	uint64_t total = rate ? (uint64_t)rate * seconds : (uint64_t)sources * seconds, n, start;
	uint8_t(*frames)[FRAME_MAX] = calloc(sources, FRAME_MAX);
	int fd = open_device(argv[0], 0);

	flow.family = strchr(argv[2], ':') ? AF_INET6 : AF_INET;
	if (!frames || flow.length < 62 || flow.length > FRAME_MAX || sources > SOURCES_MAX ||
	    inet_pton(flow.family, argv[2], flow.from) != 1 ||
	    inet_pton(flow.family, argv[3], flow.to) != 1)
		die("arguments");
	for (i = 0; i < sources; i++)
		build(&flow, i, frames[i]);
	start = now_ns();
	for (n = 0; n < total && !stopped; n++) {
		if (rate)
			wait_until(start + n * NS_PER_S / rate);
		send_frame(fd, frames[n % sources], flow.length);
	}
	printf("%llu\n", (unsigned long long)n);
	free(frames);
	return 0;
}

struct tally {
	uint32_t packets;
	uint64_t first, last; /* ns */
};

/* The index of the frame's source, or -1 if it is not for us. */
static int index_of(const uint8_t *frame, ssize_t length, uint16_t port)
{
	const struct ethhdr *ethernet = (const struct ethhdr *)frame;
	const uint8_t *ip = frame + sizeof(*ethernet), *udp;

	if (length < 42)
		return -1;
	if (ethernet->h_proto == htons(ETH_P_IP) && ip[9] == IPPROTO_UDP) {
		udp = ip + sizeof(struct iphdr);
		return (udp[2] << 8 | udp[3]) == port ? ip[14] << 8 | ip[15] : -1;
	}
	if (length >= 62 && ethernet->h_proto == htons(ETH_P_IPV6) && ip[6] == IPPROTO_UDP) {
		udp = ip + sizeof(struct ipv6hdr);
		return (udp[2] << 8 | udp[3]) == port ? ip[14] << 8 | ip[15] : -1;
	}
	return -1;
}

static void take(int fd, struct tally *tallies, uint16_t port)
{
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	uint8_t frame[2048];
	ssize_t length =
		recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from, &size);
	int index = length > 0 && from.sll_pkttype != PACKET_OUTGOING
			    ? index_of(frame, length, port)
			    : -1;

	if (index < 0)
		return;
	tallies[index].last = now_ns();
	if (!tallies[index].packets++)
		tallies[index].first = tallies[index].last;
}

static int run_count(char **argv)
{
	struct tally *tallies = calloc(SOURCES_MAX, sizeof(*tallies));
	struct pollfd readable = {.fd = open_device(argv[0], ETH_P_ALL), .events = POLLIN};
	uint64_t start = now_ns(), end = start + atoi(argv[2]) * NS_PER_S;
	int i, left;

	if (!tallies)
		die("memory");
	puts("ready");
	fflush(stdout);
	while (!stopped && now_ns() < end)
		if (poll(&readable, 1, 50) > 0)
			take(readable.fd, tallies, atoi(argv[1]));
	for (left = 0; left < 1000000 && poll(&readable, 1, 0) > 0; left++)
		take(readable.fd, tallies, atoi(argv[1]));
	for (i = 0; i < SOURCES_MAX; i++)
		if (tallies[i].packets)
			printf("%d %u %.1f %.1f\n", i, tallies[i].packets,
			       (tallies[i].first - start) / 1e6, (tallies[i].last - start) / 1e6);
	puts("end");
	free(tallies);
	return 0;
}

int main(int argc, char **argv)
{
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	if (argc == 11 && strcmp(argv[1], "send") == 0)
		return run_send(argv + 2);
	if (argc == 5 && strcmp(argv[1], "count") == 0)
		return run_count(argv + 2);
	fprintf(stderr, "usage: traffic send DEVICE MAC FROM TO PORT SOURCES RATE SECONDS LENGTH\n"
			"       traffic count DEVICE PORT SECONDS\n");
	return 2;
}
