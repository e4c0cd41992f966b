// SPDX-License-Identifier: GPL-2.0-or-later
/* The constants of TCX, which older kernel headers lack, and one system call. */
#include "attach/tcx.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "config/names.h"
#include "base/fault.h"

/* BPF_TCX_INGRESS, BPF_TCX_EGRESS and BPF_F_BEFORE of Linux 6.6. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS  47
#define FLAG_BEFORE	   (1U << 3)

/*
 * Attaches before all others, because a program that accepts a packet ends the chain, and a limit
 * behind it would not see the packet. Packets that ours passes go on to the other programs.
 */
int tg_tcx_attach(const struct tg_attachment *attachment, int program)
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
