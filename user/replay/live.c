// SPDX-License-Identifier: GPL-2.0-or-later
/* A packet socket (packet(7)) that gives a struct virtio_net_hdr with each packet. */
#include "replay/live.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_packet.h>
#include <linux/virtio_net.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <pcap/pcap.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/clock.h"

#define SNAPLEN	  512 /* bytes kept of a packet: all usual headers */
#define BUFFER	  (16 << 20)
#define TAG	  4
#define ADDRESSES (2 * ETH_ALEN)   /* bytes of a frame before the place of a tag */
#define ROOM	  (TAG + ETH_HLEN) /* before a frame, for what it lacks */

struct tg_live {
	int fd;
	bool bare; /* no Ethernet header, but another one or none */
	bool has_filter;
	struct bpf_program filter;
	uint64_t lost;
	char name[IF_NAMESIZE];
	uint8_t bytes[ROOM + SNAPLEN];
};

/* What the kernel says of a packet. */
struct said {
	struct virtio_net_hdr segments;
	struct tpacket_auxdata about;
	struct timespec time;
	uint16_t protocol; /* network byte order */
};

static int refuse(const struct tg_live *live, int error, char *errmsg)
{
	if (error == EPERM || error == EACCES)
		return tg_error_set(
			errmsg, EPERM,
			"no privilege to capture from %s; run as root or with CAP_NET_RAW",
			live->name);
	/* -EINVAL is for filters. */
	return tg_error_set(errmsg, error == EINVAL ? EIO : error, "cannot capture from %s: %s",
			    live->name, strerror(error));
}

static int compile_filter(struct tg_live *live, const char *filter, char *errmsg)
{
	pcap_t *none = pcap_open_dead(DLT_EN10MB, SNAPLEN);
	int error = 0;

	if (!filter || !none)
		error = none ? 0 : tg_error_set(errmsg, ENOMEM, "out of memory");
	else if (pcap_compile(none, &live->filter, filter, 1, PCAP_NETMASK_UNKNOWN))
		error = tg_error_set(errmsg, EINVAL,
				     "the filter \"%s\" is none that libpcap takes: %s; see "
				     "pcap-filter(7)",
				     filter, pcap_geterr(none));
	else
		live->has_filter = true;
	if (none)
		pcap_close(none);
	return error;
}

/* Finds out whether frames of the interface begin with an Ethernet header. Returns 0 or -errno. */
static int find_kind(struct tg_live *live)
{
	struct ifreq request = {};
	tg_autoclose int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	memcpy(request.ifr_name, live->name, sizeof(request.ifr_name));
	if (fd < 0 || ioctl(fd, SIOCGIFHWADDR, &request))
		return -errno;
	live->bare = request.ifr_hwaddr.sa_family != ARPHRD_ETHER &&
		     request.ifr_hwaddr.sa_family != ARPHRD_LOOPBACK;
	return 0;
}

static bool switch_on(int fd, int level, int option)
{
	const int on = 1;

	return setsockopt(fd, level, option, &on, sizeof(on)) == 0;
}

/* Has the kernel keep no more than SNAPLEN bytes of a packet, and tell all that struct said has. */
static int set_up(const struct tg_live *live)
{
	struct sock_filter keep = {.code = BPF_RET | BPF_K, .k = SNAPLEN};
	struct sock_fprog program = {.len = 1, .filter = &keep};
	const int buffer = BUFFER;

	if (setsockopt(live->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) ||
	    !switch_on(live->fd, SOL_PACKET, PACKET_VNET_HDR) ||
	    !switch_on(live->fd, SOL_PACKET, PACKET_AUXDATA) ||
	    !switch_on(live->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING) ||
	    !switch_on(live->fd, SOL_SOCKET, SO_TIMESTAMPNS))
		return -errno;
	if (setsockopt(live->fd, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer)))
		setsockopt(live->fd, SOL_SOCKET, SO_RCVBUF, &buffer, sizeof(buffer));
	return 0;
}

/* Binds last, so that every packet comes as set up. */
static int start(struct tg_live *live)
{
	struct sockaddr_ll address = {.sll_family = AF_PACKET,
				      .sll_protocol = htons(ETH_P_ALL),
				      .sll_ifindex = if_nametoindex(live->name)};
	int error;

	if (!address.sll_ifindex)
		return -ENODEV;
	live->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (live->fd < 0)
		return -errno;
	error = set_up(live);
	if (error)
		return error;
	return bind(live->fd, (struct sockaddr *)&address, sizeof(address)) ? -errno : 0;
}

int tg_live_open(const char *interface, const char *filter, struct tg_live **live, char *errmsg)
{
	tg_cleanup(tg_live_close) struct tg_live *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	made->fd = -1;
	if (strlen(interface) >= sizeof(made->name))
		return tg_error_set(errmsg, ENODEV, "there is no interface %s", interface);
	strcpy(made->name, interface);
	error = compile_filter(made, filter, errmsg);
	if (error)
		return error;
	error = find_kind(made);
	if (!error)
		error = start(made);
	if (error == -ENODEV)
		return tg_error_set(errmsg, ENODEV, "there is no interface %s", interface);
	if (error)
		return refuse(made, -error, errmsg);
	*live = TAKE_PTR(made);
	return 0;
}

static void read_control(struct msghdr *message, struct said *said)
{
	struct cmsghdr *part;

	for (part = CMSG_FIRSTHDR(message); part; part = CMSG_NXTHDR(message, part)) {
		if (part->cmsg_level == SOL_PACKET && part->cmsg_type == PACKET_AUXDATA)
			memcpy(&said->about, CMSG_DATA(part), sizeof(said->about));
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_TIMESTAMPNS)
			memcpy(&said->time, CMSG_DATA(part), sizeof(said->time));
	}
}

/* Returns the bytes received at live->bytes + ROOM, or -errno. */
static ssize_t receive(struct tg_live *live, struct said *said)
{
	union {
		char bytes[256];
		struct cmsghdr align;
	} control;
	struct sockaddr_ll from = {};
	struct iovec parts[] = {{&said->segments, sizeof(said->segments)},
				{live->bytes + ROOM, SNAPLEN}};
	struct msghdr message = {.msg_name = &from,
				 .msg_namelen = sizeof(from),
				 .msg_iov = parts,
				 .msg_iovlen = 2,
				 .msg_control = &control,
				 .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(live->fd, &message, 0);

	if (n < 0)
		return -errno;
	read_control(&message, said);
	said->protocol = from.sll_protocol;
	return n > (ssize_t)sizeof(said->segments) ? n - sizeof(said->segments) : 0;
}

/* Puts an Ethernet header in the place of the link's own. */
static void put_header(struct tg_frame *frame, uint8_t *bytes, const struct said *said)
{
	struct ether_header header = {.ether_dhost = {2},
				      .ether_shost = {2, 0, 0, 0, 0, 1},
				      .ether_type = said->protocol};
	uint32_t own = said->about.tp_net < frame->captured ? said->about.tp_net : 0;

	bytes += own - sizeof(header);
	memcpy(bytes, &header, sizeof(header));
	frame->bytes = bytes;
	frame->captured += sizeof(header) - own;
	frame->length += sizeof(header) - own;
}

/* Moves the addresses forward and puts the tag behind them, where it was on the wire. */
static void put_tag(struct tg_frame *frame, uint8_t *bytes, const struct tpacket_auxdata *about)
{
	uint16_t type =
		about->tp_status & TP_STATUS_VLAN_TPID_VALID ? about->tp_vlan_tpid : ETHERTYPE_VLAN;
	uint16_t tag[] = {htons(type), htons(about->tp_vlan_tci)};

	bytes -= TAG;
	memmove(bytes, bytes + TAG, ADDRESSES);
	memcpy(bytes + ADDRESSES, tag, sizeof(tag));
	frame->bytes = bytes;
	frame->captured += TAG;
	frame->length += TAG;
}

static void describe(struct tg_live *live, uint32_t captured, const struct said *said,
		     struct tg_frame *frame)
{
	*frame = (struct tg_frame){
		.time = said->time.tv_sec * NS_PER_S + said->time.tv_nsec,
		.bytes = live->bytes + ROOM,
		.captured = captured,
		.length = said->about.tp_len > captured ? said->about.tp_len : captured,
		.tells_segments = true,
	};
	if (said->segments.gso_type != VIRTIO_NET_HDR_GSO_NONE)
		frame->segment_size = said->segments.gso_size;
	if (live->bare)
		put_header(frame, live->bytes + ROOM, said);
	else if ((said->about.tp_status & TP_STATUS_VLAN_VALID) && captured >= ADDRESSES)
		put_tag(frame, live->bytes + ROOM, &said->about);
}

static bool is_wanted(const struct tg_live *live, const struct tg_frame *frame)
{
	struct pcap_pkthdr header = {.caplen = frame->captured, .len = frame->length};

	return !live->has_filter || pcap_offline_filter(&live->filter, &header, frame->bytes);
}

int tg_live_next(struct tg_live *live, int ms, struct tg_frame *frame, char *errmsg)
{
	struct pollfd fd = {.fd = live->fd, .events = POLLIN};
	struct said said = {};
	ssize_t n = receive(live, &said);

	if (n == -EAGAIN) {
		poll(&fd, 1, ms);
		return 0;
	}
	if (n == -EINTR)
		return 0;
	if (n == -EINVAL) { /* merged in a way for which struct virtio_net_hdr has no word */
		live->lost++;
		return 0;
	}
	if (n < 0)
		return tg_error_set(errmsg, EIO, "%s: %s", live->name, strerror(-n));
	describe(live, n, &said, frame);
	return is_wanted(live, frame);
}

uint64_t tg_live_lost(struct tg_live *live)
{
	struct tpacket_stats statistics = {};
	socklen_t length = sizeof(statistics);

	/* The kernel counts from the last time that it was asked. */
	if (getsockopt(live->fd, SOL_PACKET, PACKET_STATISTICS, &statistics, &length) == 0)
		live->lost += statistics.tp_drops;
	return live->lost;
}

void tg_live_close(struct tg_live **live)
{
	struct tg_live *old = *live;

	if (!old)
		return;
	if (old->fd >= 0)
		close(old->fd);
	if (old->has_filter)
		pcap_freecode(&old->filter);
	free(old);
	*live = NULL;
}
