/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which Linux capabilities (capabilities(7)) the daemon keeps once it runs. */
#ifndef TG_BASE_CAPABILITIES_H
#define TG_BASE_CAPABILITIES_H

#include <stdbool.h>

/*
 * Calls @attempt while only those capabilities are effective that tg_capabilities_drop() will keep,
 * and gives the others back. Call it before anything is changed, so that a daemon that could not
 * work later does not start. Returns what @attempt does, or -EPERM if something is missing that
 * the daemon needs, in both cases with @errmsg.
 */
int tg_capabilities_try(int (*attempt)(char *errmsg), char *errmsg);

/*
 * Drops every capability but CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON, and adds none. Keeps
 * CAP_SYS_ADMIN where the process has it in place of CAP_BPF or CAP_PERFMON. Sets no_new_privs;
 * with CAP_SETPCAP it drops them from the bounding set too, so that no program that the process
 * executes gets them back. Returns 0, or -errno, which is logged.
 */
int tg_capabilities_drop(void);

/*
 * Returns whether the verifier lets this process load programs that compare pointers, which takes
 * CAP_PERFMON or CAP_SYS_ADMIN. Returns true if the capabilities cannot be read.
 */
bool tg_capabilities_compare(void);

#endif
