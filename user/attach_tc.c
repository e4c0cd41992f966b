// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs at TC: by a TCX link where the kernel has them, else by a filter of the clsact qdisc. */
#include <bpf/bpf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "attach_private.h"
#include "fault.h"
#include "message.h"

/* enum bpf_attach_type, and a flag of links, since Linux 6.6. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS  47
#define FLAG_BEFORE	   (1U << 3)

/*
 * First in line: behind a program that accepts packets for good, a limit would not hold. What
 * ours lets pass goes on to the others, and theirs is the last word on it.
 */
static int create_link(const struct tg_attachment *attachment, int program)
{
	LIBBPF_OPTS(bpf_link_create_opts, options, .flags = FLAG_BEFORE);
	int fd;

	if (tg_lacks("tcx"))
		return -EINVAL;
	fd = bpf_link_create(program, attachment->ifindex,
			     attachment->hook == TG_HOOK_TC_EGRESS ? ATTACH_TCX_EGRESS
								   : ATTACH_TCX_INGRESS,
			     &options);
	return fd < 0 ? -errno : fd;
}

int tg_tc_attach(struct tg_attachment *attachment, const char *state_dir, int program,
		 char *message)
{
	int fd = create_link(attachment, program);

	attachment->mode = TG_MODE_TCX;
	if (fd >= 0)
		return fd;
	if (fd == -EINVAL || fd == -EOPNOTSUPP) { /* the kernel knows no such type of attachment */
		attachment->mode = TG_MODE_CLSACT;
		return tg_clsact_attach(attachment, state_dir, program, message);
	}
	return tg_tc_explain(attachment, fd, message);
}

int tg_tc_explain(const struct tg_attachment *attachment, int error, char *message)
{
	return tg_refuse(message, error, "cannot attach to %s of %s: %s%s",
			 tg_hook_name(attachment->hook), attachment->name, strerror(-error),
			 error == -EPERM ? " (needs root, or CAP_BPF and CAP_NET_ADMIN)" : "");
}
