// SPDX-License-Identifier: GPL-2.0-or-later
/* XDP links in native or generic mode, and messages for what prevents them. */
#include "attach/xdp.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/errmsg.h"
#include "attach/rtnl.h"

/* What an interface runs, IFLA_XDP of rtnetlink(7). */
struct running {
	uint8_t attached; /* XDP_ATTACHED_ */
	uint32_t id;	  /* of the one program; 0: none, or several */
	uint32_t any;	  /* the id of any program there; 0: none */
};

static int on_xdp(const struct nlattr *attribute, void *data)
{
	struct running *running = data;

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_XDP_ATTACHED:
		running->attached = mnl_attr_get_u8(attribute);
		break;
	case IFLA_XDP_PROG_ID:
		running->id = mnl_attr_get_u32(attribute);
		running->any = running->id;
		break;
	case IFLA_XDP_DRV_PROG_ID:
	case IFLA_XDP_SKB_PROG_ID:
	case IFLA_XDP_HW_PROG_ID:
		if (!running->any)
			running->any = mnl_attr_get_u32(attribute);
		break;
	}
	return MNL_CB_OK;
}

static int read_link(const struct nlmsghdr *header, void *data)
{
	struct nlattr *attribute;

	mnl_attr_for_each(attribute, header, sizeof(struct ifinfomsg))
	{
		if (mnl_attr_get_type(attribute) == IFLA_XDP)
			mnl_attr_parse_nested(attribute, on_xdp, data);
	}
	return MNL_CB_OK;
}

/*
 * Asks for one interface, which the kernel answers in one piece. bpf_xdp_query() would list all of
 * them, and miss some while others come and go.
 */
static int find_running(unsigned int ifindex, struct running *running)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	struct ifinfomsg *link;

	*running = (struct running){};
	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
	link = mnl_nlmsg_put_extra_header(request, sizeof(*link));
	link->ifi_index = ifindex;
	mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return tg_rtnl_request(request, read_link, running);
}

/* Returns 0 if there is no program, or -errno with @errmsg. */
static int refuse_foreign(const struct tg_attachment *attachment, char *errmsg)
{
	char name[BPF_OBJ_NAME_LEN];
	struct running running;
	int error = find_running(attachment->ifindex, &running);

	if (error)
		return tg_error_set(errmsg, error, "cannot ask which XDP program %s has: %s",
				    attachment->name, strerror(-error));
	if (!running.any)
		return 0;
	tg_attach_program_name(running.any, name);
	return tg_error_set(
		errmsg, EBUSY,
		"%s already has an XDP program that is not tidegate's: id %u, name %s. "
		"tidegate does not replace it; detach it first (bpftool net detach xdp dev %s, or "
		"the tool that put it there)",
		attachment->name, running.any, name, attachment->name);
}

static int create_link(const struct tg_attachment *attachment, int program, uint32_t flags)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = flags);
	int fd = bpf_link_create(program, attachment->ifindex, BPF_XDP, &options);

	return fd < 0 ? -errno : fd;
}

static int create_any(struct tg_attachment *attachment, int program, enum tg_xdp_mode mode)
{
	int fd = -EOPNOTSUPP;

	attachment->mode = TG_MODE_NATIVE;
	if (mode != TG_XDP_GENERIC)
		fd = create_link(attachment, program, XDP_FLAGS_DRV_MODE);
	if (fd != -EOPNOTSUPP || mode == TG_XDP_NATIVE)
		return fd;
	attachment->mode = TG_MODE_GENERIC;
	return create_link(attachment, program, XDP_FLAGS_SKB_MODE);
}

static int explain_attach(const struct tg_attachment *attachment, int error, char *errmsg)
{
	if (error == -EBUSY || error == -EEXIST)
		if (refuse_foreign(attachment, errmsg) == -EBUSY)
			return -EBUSY;
	if (error == -EOPNOTSUPP)
		return tg_error_set(
			errmsg, error,
			"the driver of %s has no native XDP; use xdp_mode: auto or generic",
			attachment->name);
	return tg_error_set(
		errmsg, error, "cannot attach to %s: %s%s", attachment->name, strerror(-error),
		error == -EPERM ? " (needs root, or CAP_BPF and CAP_NET_ADMIN)"
				: "; xdp_mode: generic may work where the driver refuses");
}

int tg_xdp_attach(struct tg_attachment *attachment, int program, enum tg_xdp_mode mode,
		  char *errmsg)
{
	int error = refuse_foreign(attachment, errmsg), fd;

	if (error)
		return error;
	fd = create_any(attachment, program, mode);
	if (fd < 0)
		return explain_attach(attachment, fd, errmsg);
	if (attachment->mode == TG_MODE_GENERIC)
		tg_log(mode == TG_XDP_AUTO ? TG_LOG_WARNING : TG_LOG_INFO, "%s: generic XDP%s",
		       attachment->name,
		       mode == TG_XDP_AUTO
			       ? ", since its driver has no native XDP: a packet costs several "
				 "times the CPU time, and TCP comes in pieces of up to 64 KiB "
				 "(GSO, GRO), each charged as its segments and admitted or "
				 "refused as a whole"
			       : "");
	return fd;
}

int tg_xdp_mode_of(unsigned int ifindex, enum tg_mode *mode)
{
	struct running running;
	int error = find_running(ifindex, &running);

	*mode = running.attached == XDP_ATTACHED_SKB ? TG_MODE_GENERIC : TG_MODE_NATIVE;
	return error;
}
