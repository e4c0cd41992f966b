/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether this process may load what the daemon loads. */
#ifndef TG_KERNEL_LOAD_CHECK_H
#define TG_KERNEL_LOAD_CHECK_H

/*
 * Makes a small map and loads a small program of the kind that the datapath has, and closes both.
 * Returns 0, or -errno with @errmsg: -EPERM if the kernel or a security module does not allow it.
 */
int tg_load_check(char *errmsg);

#endif
