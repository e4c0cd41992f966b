// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Programs at TC: by a TCX link where the kernel has them, else by a filter of the clsact qdisc.
 * Which of the two is found by trying. Both run beside the programs of others: ours comes
 * last in line, and hands on what it lets pass.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "attach_private.h"
#include "cleanup.h"
#include "fault.h"
#include "message.h"
#include "qdisc.h"

/* enum bpf_attach_type, since Linux 6.6. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS  47

/* "tg": nobody's by custom, and behind the low numbers that others choose. */
#define FILTER_HANDLE	0x7467
#define FILTER_PRIORITY 0x7467

static int create_link(const struct tg_attachment *attachment, int program)
{
	int fd, error = tg_fault("tcx");

	if (error)
		return error;
	fd = bpf_link_create(program, attachment->ifindex,
			     attachment->hook == TG_HOOK_TC_EGRESS ? ATTACH_TCX_EGRESS
								   : ATTACH_TCX_INGRESS,
			     NULL);
	return fd < 0 ? -errno : fd;
}

static struct bpf_tc_hook hook_of(const struct tg_attachment *attachment)
{
	return (struct bpf_tc_hook){
		.sz = sizeof(struct bpf_tc_hook),
		.ifindex = attachment->ifindex,
		.attach_point =
			attachment->hook == TG_HOOK_TC_EGRESS ? BPF_TC_EGRESS : BPF_TC_INGRESS,
	};
}

static void qdisc_pin(const struct tg_attachment *attachment, const char *state_dir, char *path)
{
	snprintf(path, PATH_MAX, "%s/" TG_CLSACT_QDISC_PIN "%u", state_dir, attachment->ifindex);
}

/* Notes by a pin that the qdisc is of our making. */
static int make_clsact(const struct tg_attachment *attachment, const char *state_dir, int program)
{
	struct bpf_tc_hook hook = hook_of(attachment);
	char path[PATH_MAX];
	int error = bpf_tc_hook_create(&hook);

	if (error)
		return error == -EEXIST ? 0 : error;
	qdisc_pin(attachment, state_dir, path);
	unlink(path);
	return bpf_obj_pin(program, path) ? -errno : 0;
}

static int create_filter(const struct tg_attachment *attachment, const char *state_dir, int program)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
		    .prog_fd = program);
	struct bpf_tc_hook hook = hook_of(attachment);
	int error = make_clsact(attachment, state_dir, program);

	if (!error)
		error = bpf_tc_attach(&hook, &options);
	if (error)
		return error;
	error = dup(program);
	return error < 0 ? -errno : error;
}

int tg_tc_attach(struct tg_attachment *attachment, const char *state_dir, int program,
		 char *message)
{
	int fd = create_link(attachment, program);

	attachment->mode = TG_MODE_TCX;
	if (fd == -EINVAL || fd == -EOPNOTSUPP) { /* the kernel knows no such type of attachment */
		attachment->mode = TG_MODE_CLSACT;
		fd = create_filter(attachment, state_dir, program);
	}
	if (fd >= 0)
		return fd;
	if (fd == -EEXIST || fd == -EBUSY)
		return tg_refuse(message, EBUSY,
				 "%s already has a filter with the priority and the handle that "
				 "are tidegate's at %s (%#x); see tc filter show dev %s",
				 attachment->name, tg_hook_name(attachment->hook), FILTER_PRIORITY,
				 attachment->name);
	return tg_refuse(message, fd, "cannot attach to %s of %s: %s%s",
			 tg_hook_name(attachment->hook), attachment->name, strerror(-fd),
			 fd == -EPERM ? " (needs root, or CAP_BPF and CAP_NET_ADMIN)" : "");
}

uint32_t tg_clsact_program(const struct tg_attachment *attachment)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_tc_hook hook = hook_of(attachment);

	return bpf_tc_query(&hook, &options) ? 0 : options.prog_id;
}

int tg_clsact_update(const struct tg_attachment *attachment, int program)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY,
		    .prog_fd = program, .flags = BPF_TC_F_REPLACE);
	struct bpf_tc_hook hook = hook_of(attachment);

	return bpf_tc_attach(&hook, &options);
}

/* The qdisc goes with our last filter if it is ours and nobody else has come to use it. */
void tg_clsact_remove(const struct tg_attachment *attachment, const char *state_dir)
{
	LIBBPF_OPTS(bpf_tc_opts, options, .handle = FILTER_HANDLE, .priority = FILTER_PRIORITY);
	struct bpf_tc_hook hook = hook_of(attachment);
	char path[PATH_MAX];

	bpf_tc_detach(&hook, &options);
	qdisc_pin(attachment, state_dir, path);
	if (access(path, F_OK) || tg_qdisc_has_filters(attachment->ifindex))
		return;
	hook.attach_point = BPF_TC_INGRESS | BPF_TC_EGRESS;
	bpf_tc_hook_destroy(&hook);
	unlink(path);
}
