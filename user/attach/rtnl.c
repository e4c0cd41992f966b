// SPDX-License-Identifier: GPL-2.0-or-later
/* A request on a socket of its own, which blocks until the kernel has answered. */
#include "attach/rtnl.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#include "base/cleanup.h"

#define TRIES	   8
#define FIRST_WAIT 500000L /* ns; each wait is twice the one before, so 63.5 ms in all */

static void close_socket(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

/* An acknowledgement: an errno, 0 for success. */
static int on_error(const struct nlmsghdr *header, void *data)
{
	const struct nlmsgerr *answer = mnl_nlmsg_get_payload(header);

	if (mnl_nlmsg_get_payload_len(header) < sizeof(*answer)) {
		errno = EBADMSG;
		return MNL_CB_ERROR;
	}
	errno = answer->error < 0 ? -answer->error : answer->error;
	return answer->error ? MNL_CB_ERROR : MNL_CB_STOP;
}

/* The end of a dump, in which the kernel says whether the dump failed half-way. */
static int on_done(const struct nlmsghdr *header, void *data)
{
	int status = 0;

	if (mnl_nlmsg_get_payload_len(header) >= sizeof(status))
		memcpy(&status, mnl_nlmsg_get_payload(header), sizeof(status));
	errno = -status;
	return status < 0 ? MNL_CB_ERROR : MNL_CB_STOP;
}

static mnl_cb_t control[] = {[NLMSG_ERROR] = on_error, [NLMSG_DONE] = on_done};

/*
 * Checks the port and the sequence number of each message. A dump that is marked as interrupted
 * ends with EINTR.
 */
static int receive(struct mnl_socket *socket, uint32_t sequence, mnl_cb_t each, void *data)
{
	char buffer[32768] __attribute__((aligned(8)));
	int more = MNL_CB_OK;
	ssize_t length;

	while (more == MNL_CB_OK) {
		length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (length < 0)
			return -errno;
		more = mnl_cb_run2(buffer, length, sequence, mnl_socket_get_portid(socket), each,
				   data, control, sizeof(control) / sizeof(control[0]));
	}
	return more == MNL_CB_STOP ? 0 : -errno;
}

int tg_rtnl_request(struct nlmsghdr *request, mnl_cb_t each, void *data)
{
	tg_cleanup(close_socket) struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);

	request->nlmsg_seq = time(NULL);
	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	return receive(socket, request->nlmsg_seq, each, data);
}

/* EINTR: something changed during the dump. The others: the kernel was short of memory or time. */
static bool may_pass(int error)
{
	return error == -EINTR || error == -EAGAIN || error == -EBUSY || error == -ENOBUFS;
}

int tg_rtnl_dump(struct nlmsghdr *request, mnl_cb_t each, void (*restart)(void *data), void *data)
{
	struct timespec wait = {.tv_nsec = FIRST_WAIT};
	int error = tg_rtnl_request(request, each, data), try;

	for (try = 1; try < TRIES && may_pass(error); try++) {
		nanosleep(&wait, NULL);
		wait.tv_nsec *= 2;
		restart(data);
		error = tg_rtnl_request(request, each, data);
	}
	return error;
}
