// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Loads several nodes at once by a plan and notes what each lets through, all on one clock.
 *
 *   load run PLAN SECONDS RECORD NODE...
 *     NODE is CLIENT_NETNS:DEVICE:SERVER_NETNS:DEVICE; the first is node 1. Each line of PLAN is
 *     "LABEL NODE FROM PORT START END RATE": RATE packets of UDP a second to a node, from START to
 *     END (s, since the begin). Prints "begin MS"; ends after SECONDS or on SIGTERM, and prints
 *     "late N", packets that were not sent because the machine was busy. RECORD.LABEL has a line
 *     "sent NODE MS" for each packet sent and "in NODE MS" for each that was let through: MS on
 *     CLOCK_MONOTONIC, of the latter when the kernel took it in behind the limiter.
 *   load now
 *     MS on CLOCK_MONOTONIC.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <net/if.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define NODES_MAX 8
#define FLOWS_MAX 4096
#define FRAME_MAX 128
#define NS_PER_S  1000000000ULL
#define NS_PER_MS 1000000ULL
/* What is later than that is left out: made up for in a burst, it would be another load. */
#define LATE_NS	  (10 * NS_PER_MS)

struct mark {
	char magic[8];
	uint32_t flow; /* network order */
};

struct flow {
	char label[32], from[INET6_ADDRSTRLEN];
	unsigned int node, port;
	double start, end, rate;
	uint8_t frame[FRAME_MAX];
	size_t length;
	uint64_t next, until; /* ns */
};

struct event {
	uint64_t at; /* ns */
	uint32_t flow;
	bool in; /* let through; else sent */
};

/* Of one thread. */
struct events {
	struct event *list;
	size_t n, size;
};

struct node {
	int sender, receiver;
	uint8_t mac[6];
	pthread_t thread;
	struct events sent;
	uint64_t late; /* packets */
};

static const char magic[8] = "tgload1";
static struct flow flows[FLOWS_MAX];
static struct node nodes[NODES_MAX];
static size_t flows_n, nodes_n;
static struct events arrivals;
static volatile sig_atomic_t stopped;

static void on_signal(int signal)
{
	stopped = 1;
}

static void die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t time_of(clockid_t clock)
{
	struct timespec time;

	clock_gettime(clock, &time);
	return (uint64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
}

static void enter(const char *netns)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), "/run/netns/%s", netns);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET))
		die(path);
	close(fd);
}

static int open_device(const char *device, int protocol, uint8_t mac[6])
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(protocol)};
	struct ifreq request = {};
	int fd = socket(AF_PACKET, SOCK_RAW, htons(protocol)), size = 64 << 20, yes = 1;

	if (fd < 0)
		die("socket");
	strncpy(request.ifr_name, device, IFNAMSIZ - 1);
	address.sll_ifindex = if_nametoindex(device);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &yes, sizeof(yes));
	if (setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &yes, sizeof(yes)) || !address.sll_ifindex ||
	    ioctl(fd, SIOCGIFHWADDR, &request) ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)))
		die(device);
	memcpy(mac, request.ifr_hwaddr.sa_data, 6);
	return fd;
}

static void add_node(char *text)
{
	char *client = strtok(text, ":"), *sender = strtok(NULL, ":"), *server = strtok(NULL, ":"),
	     *receiver = strtok(NULL, ":");
	struct node *node = &nodes[nodes_n];
	uint8_t own[6];

	errno = EINVAL;
	if (!receiver || nodes_n++ == NODES_MAX)
		die("NODE");
	enter(client);
	node->sender = open_device(sender, 0, own);
	enter(server);
	node->receiver = open_device(receiver, ETH_P_ALL, node->mac);
}

static void put_ipv4(struct flow *flow, uint8_t *at, size_t payload)
{
	struct iphdr *ip = (struct iphdr *)at;
	uint32_t sum = 0;
	size_t i;

	*ip = (struct iphdr){.version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP};
	ip->tot_len = htons(sizeof(*ip) + payload);
	inet_pton(AF_INET, "10.77.0.2", &ip->daddr);
	if (inet_pton(AF_INET, flow->from, &ip->saddr) != 1)
		die(flow->from);
	for (i = 0; i < sizeof(*ip); i += 2)
		sum += at[i] << 8 | at[i + 1];
	sum = (sum & 0xffff) + (sum >> 16);
	ip->check = htons(~((sum & 0xffff) + (sum >> 16)));
}

static void put_ipv6(struct flow *flow, uint8_t *at, size_t payload)
{
	struct ipv6hdr *ip = (struct ipv6hdr *)at;

	*ip = (struct ipv6hdr){.version = 6, .hop_limit = 64, .nexthdr = IPPROTO_UDP};
	ip->payload_len = htons(payload);
	inet_pton(AF_INET6, "fd77::2", &ip->daddr);
	if (inet_pton(AF_INET6, flow->from, &ip->saddr) != 1)
		die(flow->from);
}

/* No sum over the UDP: nobody but us is to read it. */
static void build(struct flow *flow)
{
	struct ethhdr *ethernet = (struct ethhdr *)flow->frame;
	bool v6 = strchr(flow->from, ':');
	size_t network = v6 ? sizeof(struct ipv6hdr) : sizeof(struct iphdr);
	struct udphdr *udp = (struct udphdr *)(flow->frame + sizeof(*ethernet) + network);
	struct mark mark = {.flow = htonl(flow - flows)};
	size_t payload = sizeof(*udp) + sizeof(mark);

	errno = EINVAL;
	memcpy(ethernet->h_dest, nodes[flow->node].mac, 6);
	memcpy(ethernet->h_source, "\2\0\0\0\0\7", 6);
	ethernet->h_proto = htons(v6 ? ETH_P_IPV6 : ETH_P_IP);
	(v6 ? put_ipv6 : put_ipv4)(flow, (uint8_t *)(ethernet + 1), payload);
	*udp = (struct udphdr){
		.source = htons(40000), .dest = htons(flow->port), .len = htons(payload)};
	memcpy(mark.magic, magic, sizeof(magic));
	memcpy(udp + 1, &mark, sizeof(mark));
	flow->length = sizeof(*ethernet) + network + payload;
}

static void read_plan(const char *path)
{
	FILE *file = fopen(path, "r");
	struct flow flow = {};
	int n;

	if (!file)
		die(path);
	while ((n = fscanf(file, "%31s %u %45s %u %lf %lf %lf", flow.label, &flow.node, flow.from,
			   &flow.port, &flow.start, &flow.end, &flow.rate)) == 7) {
		errno = EINVAL;
		if (flows_n == FLOWS_MAX || !flow.node-- || flow.node >= nodes_n || flow.rate <= 0)
			die(path);
		flows[flows_n] = flow;
		build(&flows[flows_n++]);
	}
	if (n != EOF)
		die(path);
	fclose(file);
}

static struct flow *earliest(unsigned int node)
{
	struct flow *found = NULL;
	size_t i;

	for (i = 0; i < flows_n; i++)
		if (flows[i].node == node && flows[i].next < flows[i].until &&
		    (!found || flows[i].next < found->next))
			found = &flows[i];
	return found;
}

static void note(struct events *events, uint64_t at, uint32_t flow, bool in)
{
	if (events->n == events->size) {
		events->size = events->size ? 2 * events->size : 65536;
		events->list = realloc(events->list, events->size * sizeof(*events->list));
		if (!events->list)
			die("memory");
	}
	events->list[events->n++] = (struct event){at, flow, in};
}

static void send_one(struct node *node, struct flow *flow)
{
	note(&node->sent, time_of(CLOCK_MONOTONIC), flow - flows, false);
	while (send(node->sender, flow->frame, flow->length, 0) < 0) {
		if (errno != ENOBUFS && errno != EAGAIN)
			die("send");
		usleep(100);
	}
}

static void *send_all(void *data)
{
	struct node *node = data;
	struct flow *flow;

	while (!stopped && (flow = earliest(node - nodes))) {
		struct timespec then = {flow->next / NS_PER_S, flow->next % NS_PER_S};
		uint64_t interval = NS_PER_S / flow->rate, now = time_of(CLOCK_MONOTONIC);

		if (now < flow->next) {
			clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &then, NULL);
			continue;
		}
		if (now - flow->next > LATE_NS) {
			node->late += (now - flow->next) / interval;
			flow->next += (now - flow->next) / interval * interval;
		}
		send_one(node, flow);
		flow->next += interval;
	}
	return NULL;
}

static uint64_t stamp_of(struct msghdr *message)
{
	struct cmsghdr *control;
	struct timespec time;

	for (control = CMSG_FIRSTHDR(message); control; control = CMSG_NXTHDR(message, control))
		if (control->cmsg_level == SOL_SOCKET && control->cmsg_type == SCM_TIMESTAMPNS) {
			memcpy(&time, CMSG_DATA(control), sizeof(time));
			return (uint64_t)time.tv_sec * NS_PER_S + time.tv_nsec;
		}
	errno = ENODATA;
	die("time stamp");
	return 0;
}

static void take(const uint8_t *frame, size_t length, uint64_t at)
{
	struct mark mark;

	if (length < sizeof(struct ethhdr) + sizeof(mark))
		return;
	memcpy(&mark, frame + length - sizeof(mark), sizeof(mark));
	if (memcmp(mark.magic, magic, sizeof(magic)) == 0 && ntohl(mark.flow) < flows_n)
		note(&arrivals, at, ntohl(mark.flow), true);
}

/* @offset: of the kernel's time stamps from the monotonic clock. */
static void drain(int fd, uint64_t offset)
{
	uint8_t frame[2048], control[256];
	struct iovec vector = {frame, sizeof(frame)};
	ssize_t length;

	for (;;) {
		struct msghdr message = {.msg_iov = &vector,
					 .msg_iovlen = 1,
					 .msg_control = control,
					 .msg_controllen = sizeof(control)};

		length = recvmsg(fd, &message, MSG_DONTWAIT);
		if (length < 0)
			return;
		take(frame, length, stamp_of(&message) - offset);
	}
}

static void check_sockets(void)
{
	struct tpacket_stats stats;
	socklen_t size = sizeof(stats);
	size_t i;

	for (i = 0; i < nodes_n; i++) {
		if (getsockopt(nodes[i].receiver, SOL_PACKET, PACKET_STATISTICS, &stats, &size))
			die("statistics");
		errno = ENOBUFS;
		if (stats.tp_drops)
			die("packets were let through that could not be noted");
	}
}

static int by_label(const void *a, const void *b)
{
	const struct event *left = a, *right = b;
	int order = strcmp(flows[left->flow].label, flows[right->flow].label);

	return order ? order : left->at < right->at ? -1 : left->at > right->at;
}

static void write_records(const char *path)
{
	struct events *all = &arrivals;
	const char *label = "";
	char name[4096];
	FILE *file = NULL;
	size_t i, j;

	for (i = 0; i < nodes_n; i++)
		for (j = 0; j < nodes[i].sent.n; j++)
			note(all, nodes[i].sent.list[j].at, nodes[i].sent.list[j].flow, false);
	qsort(all->list, all->n, sizeof(*all->list), by_label);
	for (i = 0; i < all->n; i++) {
		const struct flow *flow = &flows[all->list[i].flow];

		if (strcmp(flow->label, label) != 0) {
			label = flow->label;
			snprintf(name, sizeof(name), "%s.%s", path, label);
			if ((file && fclose(file)) || !(file = fopen(name, "w")))
				die(name);
		}
		fprintf(file, "%s %u %.3f\n", all->list[i].in ? "in" : "sent", flow->node + 1,
			all->list[i].at / 1e6);
	}
	if (file && fclose(file))
		die(name);
}

static uint64_t offset_now(void)
{
	return time_of(CLOCK_REALTIME) - time_of(CLOCK_MONOTONIC);
}

static int run(int seconds, const char *record)
{
	uint64_t offset = offset_now(), begin = time_of(CLOCK_MONOTONIC) + 100 * NS_PER_MS,
		 late = 0;
	size_t i;

	/* The flows are not to beat in time. */
	for (i = 0; i < flows_n; i++) {
		flows[i].next = begin + flows[i].start * NS_PER_S +
				(double)(i * 618 % 1000) / 1000 / flows[i].rate * NS_PER_S;
		flows[i].until = begin + flows[i].end * NS_PER_S;
	}
	printf("begin %.3f\n", begin / 1e6);
	fflush(stdout);
	for (i = 0; i < nodes_n; i++)
		if (pthread_create(&nodes[i].thread, NULL, send_all, &nodes[i]))
			die("thread");
	while (!stopped && time_of(CLOCK_MONOTONIC) < begin + seconds * NS_PER_S) {
		for (i = 0; i < nodes_n; i++)
			drain(nodes[i].receiver, offset);
		usleep(10000);
	}
	stopped = 1;
	for (i = 0; i < nodes_n; i++) {
		pthread_join(nodes[i].thread, NULL);
		drain(nodes[i].receiver, offset);
		late += nodes[i].late;
	}
	check_sockets();
	errno = EAGAIN;
	if (offset_now() + NS_PER_MS - offset > 2 * NS_PER_MS)
		die("the clock of the time stamps was set");
	write_records(record);
	printf("late %llu\n", (unsigned long long)late);
	return 0;
}

int main(int argc, char **argv)
{
	int i;

	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	if (argc == 2 && strcmp(argv[1], "now") == 0)
		return printf("%.3f\n", time_of(CLOCK_MONOTONIC) / 1e6) < 0;
	if (argc < 6 || strcmp(argv[1], "run") != 0) {
		fprintf(stderr, "usage: load run PLAN SECONDS RECORD NODE...\n       load now\n");
		return 2;
	}
	for (i = 5; i < argc; i++)
		add_node(argv[i]);
	read_plan(argv[2]);
	return run(atoi(argv[3]), argv[4]);
}
