// SPDX-License-Identifier: GPL-2.0-or-later
#include "attach/tcx.h"

#include <bpf/bpf.h>
#include <errno.h>

#include "config/names.h"
#include "base/fault.h"

/* enum bpf_attach_type, and a flag of links, since Linux 6.6. */
#define ATTACH_TCX_INGRESS 46
#define ATTACH_TCX_EGRESS  47
#define FLAG_BEFORE	   (1U << 3)

/*
 * First in line: behind a program that accepts packets for good, a limit would not hold. What
 * ours lets pass goes on to the others, and theirs is the last word on it.
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
