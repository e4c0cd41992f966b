// SPDX-License-Identifier: GPL-2.0-or-later
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <linux/if_link.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach.h"
#include "cleanup.h"
#include "log.h"
#include "message.h"

static void pin_path(const struct tg_attachment *attachment, const char *state_dir, char *path)
{
	snprintf(path, PATH_MAX, "%s/" TG_LINK_PIN_PREFIX "%u", state_dir, attachment->ifindex);
}

static void program_name(uint32_t id, char *name, size_t size)
{
	tg_autoclose int fd = bpf_prog_get_fd_by_id(id);
	struct bpf_prog_info info = {};
	uint32_t length = sizeof(info);

	snprintf(name, size, "?");
	if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &length) == 0)
		snprintf(name, size, "%s", info.name);
}

static int refuse_foreign(const struct tg_attachment *attachment, char *message)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	char name[BPF_OBJ_NAME_LEN] = "?";
	uint32_t id = 0;

	if (bpf_xdp_query(attachment->ifindex, 0, &query) == 0)
		id = query.prog_id	 ? query.prog_id
		     : query.drv_prog_id ? query.drv_prog_id
		     : query.skb_prog_id ? query.skb_prog_id
					 : query.hw_prog_id;
	if (!id)
		return 0;
	program_name(id, name, sizeof(name));
	return tg_refuse(
		message, EBUSY,
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

static int create_any(const struct tg_attachment *attachment, int program, enum tg_xdp_mode mode,
		      bool *native)
{
	int fd = -EOPNOTSUPP;

	*native = true;
	if (mode != TG_XDP_GENERIC)
		fd = create_link(attachment, program, XDP_FLAGS_DRV_MODE);
	if (fd != -EOPNOTSUPP || mode == TG_XDP_NATIVE)
		return fd;
	*native = false;
	return create_link(attachment, program, XDP_FLAGS_SKB_MODE);
}

static int explain_attach(const struct tg_attachment *attachment, int error, char *message)
{
	if (error == -EBUSY || error == -EEXIST)
		if (refuse_foreign(attachment, message))
			return -EBUSY;
	if (error == -EOPNOTSUPP)
		return tg_refuse(
			message, error,
			"the driver of %s has no native XDP; use xdp_mode: auto or generic",
			attachment->name);
	return tg_refuse(message, error, "cannot attach to %s: %s%s", attachment->name,
			 strerror(-error),
			 error == -EPERM ? " (needs root, or CAP_BPF and CAP_NET_ADMIN)"
					 : "; xdp_mode: generic may work where the driver refuses");
}

int tg_attach(struct tg_attachment *attachment, const char *state_dir, int program,
	      enum tg_xdp_mode mode, char *message)
{
	char path[PATH_MAX];
	tg_autoclose int fd = -1;
	bool native;
	int error;

	error = refuse_foreign(attachment, message);
	if (error)
		return error;
	fd = create_any(attachment, program, mode, &native);
	if (fd < 0)
		return explain_attach(attachment, fd, message);
	pin_path(attachment, state_dir, path);
	unlink(path); /* of an interface that is gone and whose index came back */
	if (bpf_obj_pin(fd, path))
		return tg_refuse(message, errno, "cannot pin %s: %s", path, strerror(errno));
	if (!native)
		tg_log(mode == TG_XDP_AUTO ? TG_LOG_WARNING : TG_LOG_INFO, "%s: generic XDP%s",
		       attachment->name,
		       mode == TG_XDP_AUTO
			       ? ", since its driver has no native XDP; expect a lower packet rate"
			       : "");
	attachment->native = native;
	attachment->link = TAKE_FD(fd);
	return 0;
}

int tg_attach_update(const struct tg_attachment *attachment, int program, char *message)
{
	if (bpf_link_update(attachment->link, program, NULL))
		return tg_refuse(message, errno, "cannot update the program on %s: %s",
				 attachment->name, strerror(errno));
	return 0;
}

void tg_attach_remove(struct tg_attachment *attachment, const char *state_dir)
{
	char path[PATH_MAX];

	pin_path(attachment, state_dir, path);
	/* Explicitly, since another process may hold the link as well. */
	if (attachment->link >= 0) {
		bpf_link_detach(attachment->link);
		close(attachment->link);
		attachment->link = -1;
	}
	unlink(path);
}

static int link_info(int link, struct bpf_link_info *info)
{
	uint32_t length = sizeof(*info);

	memset(info, 0, sizeof(*info));
	if (bpf_obj_get_info_by_fd(link, info, &length))
		return -errno;
	return info->type == BPF_LINK_TYPE_XDP ? 0 : -EINVAL;
}

int tg_attach_adopt(struct tg_attachment *attachment, const char *state_dir, const char *pin)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	tg_autoclose int fd = -1;
	struct bpf_link_info info;
	char path[PATH_MAX];
	int error;

	snprintf(path, sizeof(path), "%s/%s", state_dir, pin);
	fd = bpf_obj_get(path);
	if (fd < 0)
		return -errno;
	error = link_info(fd, &info);
	if (error)
		return error;
	memset(attachment, 0, sizeof(*attachment));
	if (!info.xdp.ifindex || !if_indextoname(info.xdp.ifindex, attachment->name)) {
		unlink(path);
		return -ENODEV;
	}
	attachment->ifindex = info.xdp.ifindex;
	if (bpf_xdp_query(attachment->ifindex, 0, &query) == 0)
		attachment->native = query.attach_mode != XDP_ATTACHED_SKB;
	attachment->link = TAKE_FD(fd);
	return 0;
}

bool tg_attach_healthy(const struct tg_attachment *attachment)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct bpf_link_info info;

	if (link_info(attachment->link, &info) || info.xdp.ifindex != attachment->ifindex)
		return false;
	return bpf_xdp_query(attachment->ifindex, 0, &query) == 0 && query.prog_id == info.prog_id;
}
