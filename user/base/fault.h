/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named steps at which tests make a change fail, or kill the daemon. The builds that users
 * get have none of it.
 */
#ifndef TG_BASE_FAULT_H
#define TG_BASE_FAULT_H

#include <stdbool.h>

#ifdef TG_FAULTS
/*
 * The file that TIDEGATE_FAULT names holds "STEP kill" or "STEP ERRNO-NUMBER" (once: it is
 * removed). Returns 0 or -errno.
 */
int tg_fault(const char *step);

/* The kernel is to seem to lack @feature: TIDEGATE_LACKS names it. This lasts. */
bool tg_lacks(const char *feature);
#else
static inline int tg_fault(const char *step)
{
	return 0;
}

static inline bool tg_lacks(const char *feature)
{
	return false;
}
#endif

#endif
