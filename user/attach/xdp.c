// SPDX-License-Identifier: GPL-2.0-or-later
/* XDP links in native or generic mode, and messages for what prevents them. */
#include "attach/xdp.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/if_link.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/errmsg.h"

static int refuse_foreign(const struct tg_attachment *attachment, char *errmsg)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	char name[BPF_OBJ_NAME_LEN];
	uint32_t id = 0;

	if (bpf_xdp_query(attachment->ifindex, 0, &query) == 0)
		id = query.prog_id	 ? query.prog_id
		     : query.drv_prog_id ? query.drv_prog_id
		     : query.skb_prog_id ? query.skb_prog_id
					 : query.hw_prog_id;
	if (!id)
		return 0;
	tg_attach_program_name(id, name);
	return tg_error_set(
		errmsg, EBUSY,
		"%s already has an XDP program of another's making: id %u, name %s. "
		"tidegate does not replace it; detach it first (bpftool net detach xdp dev %s, or "
		"the tool that put it there)",
		attachment->name, id, name, attachment->name);
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
		if (refuse_foreign(attachment, errmsg))
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
			       ? ", since its driver has no native XDP; expect a lower packet rate"
			       : "");
	return fd;
}

enum tg_mode tg_xdp_mode_of(unsigned int ifindex)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	if (bpf_xdp_query(ifindex, 0, &query) == 0 && query.attach_mode == XDP_ATTACHED_SKB)
		return TG_MODE_GENERIC;
	return TG_MODE_NATIVE;
}

bool tg_xdp_healthy(const struct tg_attachment *attachment, uint32_t program_id)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);

	return bpf_xdp_query(attachment->ifindex, 0, &query) == 0 && query.prog_id == program_id;
}
