// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Sends packets from many sources and counts what arrives, for the tests and the demo.
 *
 *   traffic send DEVICE MAC FROM TO PORT SOURCES RATE SECONDS LENGTH [KIND [SOURCE_PORT]]
 *     RATE packets a second in all (0: a burst of SECONDS packets from each), from SOURCES
 *     addresses FROM, FROM+1, ... in turn; LENGTH bytes of frame. KIND is udp, fragment (of UDP,
 *     not the first; IPv4), syn, ack or icmp. Prints how many were sent.
 *   traffic count DEVICE PORT SECONDS [udp|tcp|icmp]
 *     Prints "ready", waits SECONDS or for SIGTERM, then prints for each source a line
 *     "INDEX PACKETS FIRST LAST": the low 16 bits of its address, times in ms since the start; then
 *     "end". PORT 0 is any; fragments count as udp; icmp is any that is not neighbour discovery or
 * MLD.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/tcp.h>
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

struct kind {
	const char *name;
	uint8_t protocol, protocol6;
	uint8_t tcp_flags; /* the octet from CWR to FIN */
	bool fragment;
};

static const struct kind kinds[] = {
	{.name = "udp", .protocol = IPPROTO_UDP, .protocol6 = IPPROTO_UDP},
	{.name = "fragment", .protocol = IPPROTO_UDP, .protocol6 = IPPROTO_UDP, .fragment = true},
	{.name = "syn", .protocol = IPPROTO_TCP, .protocol6 = IPPROTO_TCP, .tcp_flags = 2},
	{.name = "ack", .protocol = IPPROTO_TCP, .protocol6 = IPPROTO_TCP, .tcp_flags = 16},
	{.name = "tcp", .protocol = IPPROTO_TCP, .protocol6 = IPPROTO_TCP, .tcp_flags = 16},
	{.name = "icmp", .protocol = IPPROTO_ICMP, .protocol6 = IPPROTO_ICMPV6},
};

static const struct kind *kind_of(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0)
			return &kinds[i];
	errno = EINVAL;
	die(name);
	return NULL;
}

struct flow {
	const char *mac;
	const struct kind *kind;
	uint8_t from[16], to[16];
	int family;
	uint16_t port, source_port;
	size_t length; /* of the frame */
};

static size_t put_ipv4(uint8_t *at, const struct flow *flow, const uint8_t *from, size_t payload)
{
	struct iphdr *ip = (struct iphdr *)at;

	ip->version = 4;
	ip->ihl = 5;
	ip->ttl = 64;
	ip->protocol = flow->kind->protocol;
	ip->frag_off = htons(flow->kind->fragment ? 100 : 0);
	ip->tot_len = htons(sizeof(*ip) + payload);
	memcpy(&ip->saddr, from, 4);
	memcpy(&ip->daddr, flow->to, 4);
	ip->check = fold(sum_words(0, ip, sizeof(*ip)));
	return sizeof(*ip);
}

static size_t put_ipv6(uint8_t *at, const struct flow *flow, const uint8_t *from, size_t payload)
{
	struct ipv6hdr *ip = (struct ipv6hdr *)at;

	ip->version = 6;
	ip->nexthdr = flow->kind->protocol6;
	ip->hop_limit = 64;
	ip->payload_len = htons(payload);
	memcpy(&ip->saddr, from, 16);
	memcpy(&ip->daddr, flow->to, 16);
	return sizeof(*ip);
}

/* The sum over the addresses, the protocol and the length, which all but ICMP for IPv4 have. */
static uint32_t pseudo_header(const struct flow *flow, const uint8_t *from, size_t length)
{
	size_t size = flow->family == AF_INET ? 4 : 16;
	uint32_t sum = length + (size == 4 ? flow->kind->protocol : flow->kind->protocol6);

	return sum_words(sum_words(sum, from, size), flow->to, size);
}

static void put_udp(uint8_t *at, const struct flow *flow, const uint8_t *from, size_t length)
{
	struct udphdr *udp = (struct udphdr *)at;

	udp->source = htons(flow->source_port);
	udp->dest = htons(flow->port);
	udp->len = htons(length);
	udp->check = fold(sum_words(pseudo_header(flow, from, length), udp, length));
	if (!udp->check)
		udp->check = 0xffff;
}

static void put_tcp(uint8_t *at, const struct flow *flow, const uint8_t *from, size_t length)
{
	struct tcphdr *tcp = (struct tcphdr *)at;

	tcp->source = htons(flow->source_port);
	tcp->dest = htons(flow->port);
	tcp->doff = sizeof(*tcp) / 4;
	at[13] = flow->kind->tcp_flags;
	tcp->window = htons(1024);
	tcp->check = fold(sum_words(pseudo_header(flow, from, length), tcp, length));
}

/* An echo request. */
static void put_icmp(uint8_t *at, const struct flow *flow, const uint8_t *from, size_t length)
{
	bool v4 = flow->family == AF_INET;
	uint16_t sum;

	at[0] = v4 ? 8 : 128;
	sum = fold(sum_words(v4 ? 0 : pseudo_header(flow, from, length), at, length));
	memcpy(at + 2, &sum, 2);
}

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
	at += v4 ? put_ipv4(at, flow, from, flow->length - head)
		 : put_ipv6(at, flow, from, flow->length - head);
	if (flow->kind->protocol == IPPROTO_UDP)
		put_udp(at, flow, from, flow->length - head);
	else if (flow->kind->protocol == IPPROTO_TCP)
		put_tcp(at, flow, from, flow->length - head);
	else
		put_icmp(at, flow, from, flow->length - head);
}

static void wait_until(uint64_t then)
{
	struct timespec time = {.tv_sec = then / NS_PER_S, .tv_nsec = then % NS_PER_S};

	clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &time, NULL);
}

static void send_frame(int fd, const uint8_t *frame, size_t length)
{
	int tries;

	/* What a limit at tc-egress drops looks like a full queue. */
	for (tries = 0; tries < 5 && send(fd, frame, length, 0) < 0; tries++) {
		if (errno != ENOBUFS && errno != EAGAIN)
			die("send");
		usleep(100);
	}
}

/* The shortest frame: Ethernet, IP, and the transport's header. */
static size_t shortest(const struct flow *flow)
{
	return 14 + (flow->family == AF_INET ? 20 : 40) +
	       (flow->kind->protocol == IPPROTO_TCP ? 20 : 8);
}

static int run_send(int argc, char **argv)
{
	struct flow flow = {.mac = argv[1],
			    .kind = kind_of(argc > 9 ? argv[9] : "udp"),
			    .port = atoi(argv[4]),
			    .source_port = argc > 10 ? atoi(argv[10]) : 40000,
			    .length = atoi(argv[8])};
	uint32_t sources = atoi(argv[5]), rate = atoi(argv[6]), seconds = atoi(argv[7]), i;
	uint64_t total = rate ? (uint64_t)rate * seconds : (uint64_t)sources * seconds, n, start;
	uint8_t(*frames)[FRAME_MAX] = calloc(sources, FRAME_MAX);
	int fd = open_device(argv[0], 0);

	flow.family = strchr(argv[2], ':') ? AF_INET6 : AF_INET;
	if (!frames || flow.length < shortest(&flow) || flow.length > FRAME_MAX ||
	    sources > SOURCES_MAX || inet_pton(flow.family, argv[2], flow.from) != 1 ||
	    inet_pton(flow.family, argv[3], flow.to) != 1 ||
	    (flow.kind->fragment && flow.family != AF_INET))
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
static int index_of(const uint8_t *frame, ssize_t length, uint16_t port, const struct kind *kind)
{
	const struct ethhdr *ethernet = (const struct ethhdr *)frame;
	const uint8_t *ip = frame + sizeof(*ethernet), *transport;

	if (length >= 42 && ethernet->h_proto == htons(ETH_P_IP) && ip[9] == kind->protocol)
		transport = ip + sizeof(struct iphdr);
	else if (length >= 62 && ethernet->h_proto == htons(ETH_P_IPV6) && ip[6] == kind->protocol6)
		transport = ip + sizeof(struct ipv6hdr);
	else
		return -1;
	if (kind->protocol6 == IPPROTO_ICMPV6)
		return transport[0] >= 130 && transport[0] <= 143 ? -1 : ip[14] << 8 | ip[15];
	return !port || (transport[2] << 8 | transport[3]) == port ? ip[14] << 8 | ip[15] : -1;
}

static void take(int fd, struct tally *tallies, uint16_t port, const struct kind *kind)
{
	struct sockaddr_ll from;
	socklen_t size = sizeof(from);
	uint8_t frame[2048];
	ssize_t length =
		recvfrom(fd, frame, sizeof(frame), MSG_DONTWAIT, (struct sockaddr *)&from, &size);
	int index = length > 0 && from.sll_pkttype != PACKET_OUTGOING
			    ? index_of(frame, length, port, kind)
			    : -1;

	if (index < 0)
		return;
	tallies[index].last = now_ns();
	if (!tallies[index].packets++)
		tallies[index].first = tallies[index].last;
}

static int run_count(int argc, char **argv)
{
	const struct kind *kind = kind_of(argc > 3 ? argv[3] : "udp");
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
			take(readable.fd, tallies, atoi(argv[1]), kind);
	for (left = 0; left < 1000000 && poll(&readable, 1, 0) > 0; left++)
		take(readable.fd, tallies, atoi(argv[1]), kind);
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
	if (argc >= 11 && argc <= 13 && strcmp(argv[1], "send") == 0)
		return run_send(argc - 2, argv + 2);
	if ((argc == 5 || argc == 6) && strcmp(argv[1], "count") == 0)
		return run_count(argc - 2, argv + 2);
	fprintf(stderr, "usage: traffic send DEVICE MAC FROM TO PORT SOURCES RATE SECONDS LENGTH "
			"[KIND [SOURCE_PORT]]\n"
			"       traffic count DEVICE PORT SECONDS [KIND]\n");
	return 2;
}
