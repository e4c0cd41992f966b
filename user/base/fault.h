/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Named steps at which a test can make a change fail, or kill the daemon. Without TG_FAULTS, as in
 * the packages, both functions do nothing.
 */
#ifndef TG_BASE_FAULT_H
#define TG_BASE_FAULT_H

#include <stdbool.h>

#ifdef TG_FAULTS
/*
 * Carries out the fault ordered for @step. The environment variable TIDEGATE_FAULT names a file
 * that holds "STEP kill" or "STEP NUMBER", and behind it N, if the fault is to happen the N-th time
 * that the step comes. If STEP is @step, removes the file, so that the fault happens once, and then
 * kills the process or returns -NUMBER, an errno. Otherwise returns 0.
 */
int tg_fault(const char *step);

/*
 * Returns whether tidegate is to behave as if the kernel lacked @feature, which the environment
 * variable TIDEGATE_LACKS names. The answer is the same on every call.
 */
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
