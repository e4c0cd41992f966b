/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attaches programs to hooks of interfaces, pins, adopts, updates and removes them. XDP uses a
 * link; TC uses a TCX link, or a filter of the clsact qdisc where the kernel has no TCX. Programs
 * that tidegate did not attach are never changed. @state_dir is the directory of the pins, on a
 * bpffs.
 */
#ifndef TG_ATTACH_ATTACH_H
#define TG_ATTACH_ATTACH_H

#include <stdbool.h>

#include "attach/link.h"
#include "config/config.h"

/*
 * Attaches @program (a descriptor) to the hook and the interface (name, ifindex) of @attachment,
 * and pins the link, or the program of a filter. Sets attachment->link, which tg_attach_remove()
 * closes, and mode. @xdp_mode is used for XDP only. Returns 0, or -errno with @errmsg
 * (TG_ERRMSG_SIZE) and nothing left attached: -EBUSY if another's program or filter is in the way,
 * -EPERM without privilege, -EOPNOTSUPP if xdp_mode is native and the driver has no XDP.
 */
int tg_attach(struct tg_attachment *attachment, const char *state_dir, int program,
	      enum tg_xdp_mode xdp_mode, char *errmsg);

/*
 * Replaces the program on the hook by @program (a descriptor) in one step, so that no packet passes
 * between the two. Returns 0, or -errno with @errmsg.
 */
int tg_attach_update(const struct tg_attachment *attachment, const char *state_dir, int program,
		     char *errmsg);

/* Detaches, unpins and closes attachment->link, which becomes -1. Not an error if it is gone. */
void tg_attach_remove(struct tg_attachment *attachment, const char *state_dir);

/*
 * Calls @each for each attachment that an earlier daemon left pinned and that is still in place.
 * @each gets a copy and owns its link; counters is 0. Then removes the pins of those that have been
 * seen to be gone, and qdiscs that the earlier daemon made and that no filter needs. Returns 0, or
 * -errno with @errmsg if it cannot be known what is in place; then whatever is attached still is,
 * and @each has been called for a part of it.
 */
int tg_attach_adopt(const char *state_dir,
		    void (*each)(void *data, const struct tg_attachment *attachment), void *data,
		    char *errmsg);

/* Returns whether it is still on its interface and the hook runs our program there. */
bool tg_attach_healthy(const struct tg_attachment *attachment);

#endif
