// SPDX-License-Identifier: GPL-2.0-or-later
/* Two requests on one socket: the number of the family, then the interface. */
#include "base/xdp_driver.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <time.h>

#include "base/cleanup.h"

/* From linux/netdev.h, which is younger than the headers that this compiles with. */
#define NETDEV_FAMILY	"netdev"
#define NETDEV_DEV_GET	1
#define NETDEV_IFINDEX	1
#define NETDEV_FEATURES 3
#define NETDEV_BASIC	1ULL /* XDP_PASS, XDP_DROP and XDP_TX in the driver */

static void close_socket(struct mnl_socket **socket)
{
	if (*socket)
		mnl_socket_close(*socket);
}

/* An attribute that is looked for. */
struct wanted {
	uint16_t type;
	uint64_t value;
	bool found;
};

static int on_attribute(const struct nlattr *attribute, void *data)
{
	struct wanted *wanted = data;

	if (mnl_attr_get_type(attribute) != wanted->type)
		return MNL_CB_OK;
	if (mnl_attr_validate(attribute, MNL_TYPE_U64) >= 0)
		wanted->value = mnl_attr_get_u64(attribute);
	else if (mnl_attr_validate(attribute, MNL_TYPE_U16) >= 0)
		wanted->value = mnl_attr_get_u16(attribute);
	else
		return MNL_CB_ERROR;
	wanted->found = true;
	return MNL_CB_OK;
}

static int on_reply(const struct nlmsghdr *header, void *data)
{
	return mnl_attr_parse(header, sizeof(struct genlmsghdr), on_attribute, data);
}

static struct nlmsghdr *begin(char *buffer, uint16_t family, uint8_t command)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct genlmsghdr *generic = mnl_nlmsg_put_extra_header(request, sizeof(*generic));

	request->nlmsg_type = family;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	request->nlmsg_seq = time(NULL);
	generic->cmd = command;
	generic->version = 1;
	return request;
}

/* Sets @wanted from the reply. Returns 0 or -errno. */
static int ask(struct mnl_socket *socket, const struct nlmsghdr *request, struct wanted *wanted)
{
	char buffer[8192] __attribute__((aligned(8)));
	int more = MNL_CB_OK;
	ssize_t length;

	if (mnl_socket_sendto(socket, request, request->nlmsg_len) < 0)
		return -errno;
	while (more == MNL_CB_OK) {
		length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
		if (length < 0)
			return -errno;
		more = mnl_cb_run(buffer, length, request->nlmsg_seq, mnl_socket_get_portid(socket),
				  on_reply, wanted);
	}
	if (more == MNL_CB_ERROR)
		return -errno;
	return wanted->found ? 0 : -ENODATA;
}

int tg_xdp_driver_native(unsigned int ifindex)
{
	tg_cleanup(close_socket) struct mnl_socket *socket = mnl_socket_open(NETLINK_GENERIC);
	struct wanted family = {.type = CTRL_ATTR_FAMILY_ID}, features = {.type = NETDEV_FEATURES};
	char buffer[256] __attribute__((aligned(8)));
	struct nlmsghdr *request;
	int error;

	if (!socket || mnl_socket_bind(socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	request = begin(buffer, GENL_ID_CTRL, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(request, CTRL_ATTR_FAMILY_NAME, NETDEV_FAMILY);
	error = ask(socket, request, &family);
	if (error)
		return error;
	request = begin(buffer, family.value, NETDEV_DEV_GET);
	mnl_attr_put_u32(request, NETDEV_IFINDEX, ifindex);
	error = ask(socket, request, &features);
	return error ? error : (features.value & NETDEV_BASIC) != 0;
}
