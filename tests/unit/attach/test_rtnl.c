// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests and dumps of rtnetlink(7), against a made-up socket: what the kernel may answer. */
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>

#include "attach/rtnl.h"
#include "test.h"

#define PORT 4711

/* What one dump does: how many links it tells of, in two parts, and how it ends. */
struct dump {
	int links;
	bool interrupted; /* the second part is marked so */
	int error;	  /* of recvmsg(), in place of the second part */
	int status;	  /* in the NLMSG_DONE */
	int sequence_off; /* added to the sequence number of the second part */
	int port_off;
};

static struct {
	const struct dump *dumps; /* one for each socket */
	int opened, closed, part;
	uint32_t sequence;
} kernel;

static int the_socket; /* any; nobody looks into it */

struct mnl_socket *mnl_socket_open(int bus)
{
	CHECK(bus == NETLINK_ROUTE, "%d", bus);
	kernel.opened++;
	kernel.part = 0;
	return (struct mnl_socket *)&the_socket;
}

int mnl_socket_bind(struct mnl_socket *socket, unsigned int groups, pid_t pid)
{
	return 0;
}

unsigned int mnl_socket_get_portid(const struct mnl_socket *socket)
{
	return PORT;
}

int mnl_socket_close(struct mnl_socket *socket)
{
	kernel.closed++;
	return 0;
}

ssize_t mnl_socket_sendto(const struct mnl_socket *socket, const void *request, size_t size)
{
	kernel.sequence = ((const struct nlmsghdr *)request)->nlmsg_seq;
	return size;
}

static size_t put(char *at, uint16_t type, uint16_t flags, int sequence_off, int port_off)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(at);

	header->nlmsg_type = type;
	header->nlmsg_flags = NLM_F_MULTI | flags;
	header->nlmsg_seq = kernel.sequence + sequence_off;
	header->nlmsg_pid = PORT + port_off;
	mnl_nlmsg_put_extra_header(header, sizeof(struct ifinfomsg));
	return header->nlmsg_len;
}

ssize_t mnl_socket_recvfrom(const struct mnl_socket *socket, void *buffer, size_t size)
{
	const struct dump *dump = &kernel.dumps[kernel.opened - 1];
	uint16_t flags = kernel.part && dump->interrupted ? NLM_F_DUMP_INTR : 0;
	size_t length = 0;
	int i;

	CHECK(kernel.part < 2, "read on behind the end");
	if (kernel.part && dump->error) {
		errno = dump->error;
		return -1;
	}
	for (i = kernel.part; i < dump->links; i += 2)
		length +=
			put((char *)buffer + length, RTM_NEWLINK, flags,
			    kernel.part ? dump->sequence_off : 0, kernel.part ? dump->port_off : 0);
	if (kernel.part++) {
		struct nlmsghdr *done = (struct nlmsghdr *)((char *)buffer + length);

		length += put((char *)done, NLMSG_DONE, flags, dump->sequence_off, dump->port_off);
		*(int *)mnl_nlmsg_get_payload(done) = dump->status;
	}
	return length;
}

static int count(const struct nlmsghdr *header, void *data)
{
	++*(int *)data;
	return MNL_CB_OK;
}

static void restart(void *data)
{
	*(int *)data = 0;
}

static int ask(const struct dump *dumps, int *links)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	int error;

	memset(&kernel, 0, sizeof(kernel));
	kernel.dumps = dumps;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	*links = 0;
	error = tg_rtnl_dump(request, count, restart, links);
	CHECK(kernel.closed == kernel.opened, "a socket is left open");
	return error;
}

TEST(repeats)
{
	static const struct {
		const char *what;
		struct dump dumps[8];
		int want, links, opened;
	} cases[] = {
		{"whole", {{.links = 7}}, 0, 7, 1},
		{"no links", {{.links = 0}}, 0, 0, 1},
		{"interrupted once", {{.links = 9, .interrupted = true}, {.links = 8}}, 0, 8, 2},
		{"only its end is marked", {{.interrupted = true}, {.links = 8}}, 0, 8, 2},
		{"messages lost",
		 {{.links = 9, .error = ENOBUFS}, {.links = 9, .error = EINTR}, {.links = 6}},
		 0,
		 6,
		 3},
		{"failed half-way, as its end says",
		 {{.links = 9, .status = -EINTR}, {.links = 5}},
		 0,
		 5,
		 2},
		{"failed for good", {{.links = 9, .status = -ENOMEM}}, -ENOMEM, 9, 1},
		{"cut off", {{.links = 9, .error = ENOSPC}}, -ENOSPC, 5, 1},
		{"of another request", {{.links = 9, .sequence_off = 1}}, -EPROTO, 5, 1},
		{"for another socket", {{.links = 9, .port_off = 1}}, -ESRCH, 5, 1},
	};
	size_t i;
	int links, got;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		got = ask(cases[i].dumps, &links);
		CHECK(got == cases[i].want, "%s: %d", cases[i].what, got);
		CHECK(links == cases[i].links, "%s: %d links", cases[i].what, links);
		CHECK(kernel.opened == cases[i].opened, "%s: %d dumps", cases[i].what,
		      kernel.opened);
	}
}

TEST(gives_up)
{
	struct dump dumps[8];
	int links, i;

	for (i = 0; i < 8; i++)
		dumps[i] = (struct dump){.links = 9, .interrupted = true};
	CHECK(ask(dumps, &links) == -EINTR);
	CHECK(kernel.opened == 8, "%d", kernel.opened);
}

TEST_MAIN(RUN(repeats), RUN(gives_up))
