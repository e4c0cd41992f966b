// SPDX-License-Identifier: GPL-2.0-or-later
/* A request on a socket of its own, which blocks until the kernel has answered. */
#include "attach/rtnl.h"

#include <errno.h>
#include <stdint.h>
#include <time.h>

#include "base/cleanup.h"

static void close_socket(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

int tg_rtnl_request(struct nlmsghdr *request, mnl_cb_t each, void *data)
{
	tg_cleanup(close_socket) struct mnl_socket *socket = mnl_socket_open(NETLINK_ROUTE);
	uint32_t sequence = time(NULL);
	char buffer[32768];
	ssize_t length;
	int more = MNL_CB_OK;

	request->nlmsg_seq = sequence;
	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (more == MNL_CB_OK) {
		length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (length < 0)
			return -errno;
		more = mnl_cb_run(buffer, length, sequence, mnl_socket_get_portid(socket), each,
				  data);
	}
	return more == MNL_CB_STOP ? 0 : -errno;
}
