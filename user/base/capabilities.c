// SPDX-License-Identifier: GPL-2.0-or-later
/* Drops the privileges that the running daemon does not need. */
#include "base/capabilities.h"

#include <cap-ng.h>
#include <errno.h>
#include <stddef.h>
#include <sys/prctl.h>

#include "base/log.h"

/*
 * CAP_BPF: maps and programs. CAP_NET_ADMIN: links, filters and qdiscs. CAP_PERFMON: programs that
 * compare pointers.
 */
static const unsigned int kept[] = {CAP_BPF, CAP_NET_ADMIN, CAP_PERFMON};

#define KEPT (sizeof(kept) / sizeof(kept[0]))

int tg_capabilities_drop(void)
{
	bool had[KEPT], may_bound;
	size_t i;

	if (capng_get_caps_process())
		return tg_log_errno(errno, "the process's capabilities");
	may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP);
	for (i = 0; i < KEPT; i++)
		had[i] = capng_have_capability(CAPNG_PERMITTED, kept[i]);
	capng_clear(CAPNG_SELECT_BOTH);
	for (i = 0; i < KEPT; i++)
		if (had[i])
			capng_update(CAPNG_ADD,
				     CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
				     kept[i]);
	if (capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS))
		return tg_log_errno(errno, "cannot give up capabilities");
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return tg_log_errno(errno, "cannot give up new privileges");
	return 0;
}

bool tg_capabilities_compare(void)
{
	return capng_get_caps_process() || capng_have_capability(CAPNG_EFFECTIVE, CAP_PERFMON) ||
	       capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_ADMIN);
}
