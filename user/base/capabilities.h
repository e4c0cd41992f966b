/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The privileges that the daemon keeps once it runs. */
#ifndef TG_BASE_CAPABILITIES_H
#define TG_BASE_CAPABILITIES_H

#include <stdbool.h>

/*
 * Gives up all but CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON (capabilities(7)), for good where the
 * process may say so. What it did not have it does not get. 0 or -errno, logged.
 */
int tg_capabilities_drop(void);

/* Without CAP_PERFMON or CAP_SYS_ADMIN the verifier takes no program that compares pointers. */
bool tg_capabilities_compare(void);

#endif
