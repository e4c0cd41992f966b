// SPDX-License-Identifier: GPL-2.0-or-later
/* The limit of open descriptors, getrlimit(2). */
#include "daemon/descriptors.h"

#include <errno.h>
#include <string.h>
#include <sys/resource.h>

#include "base/log.h"
#include "datapath/follow.h"

/*
 * A link for each of three hooks; programs and maps of two generations (about 120), 256 clients of
 * the control socket, as many of HTTP, the store, and room to spare.
 */
#define NEEDED (3 * TG_FOLLOW_INTERFACES_MAX + 1024)
/* More would only let a fault go on longer. */
#define ENOUGH (16 * NEEDED)

void tg_descriptors_raise(void)
{
	struct rlimit limit;
	rlim_t wanted;

	if (getrlimit(RLIMIT_NOFILE, &limit)) {
		tg_log(TG_LOG_WARNING, "the limit of open files cannot be read: %s",
		       strerror(errno));
		return;
	}
	wanted = limit.rlim_max < ENOUGH ? limit.rlim_max : ENOUGH;
	if (limit.rlim_cur < wanted) {
		limit.rlim_cur = wanted;
		if (setrlimit(RLIMIT_NOFILE, &limit))
			tg_log(TG_LOG_WARNING, "the limit of open files cannot be raised: %s",
			       strerror(errno));
	}
	if (wanted < NEEDED)
		tg_log(TG_LOG_WARNING,
		       "no more than %llu files can be open, and %d are needed with as many "
		       "interfaces and clients as can be; raise it by ulimit -Hn, or LimitNOFILE= "
		       "of the unit",
		       (unsigned long long)wanted, NEEDED);
}
