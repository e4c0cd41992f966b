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

/*
 * Detaches, unpins and closes attachment->link, which becomes -1. Not an error if it is gone.
 * Returns 0, or -errno if it was not seen to be detached: then pin and link are as before.
 */
int tg_attach_remove(struct tg_attachment *attachment, const char *state_dir);

/*
 * Calls @each for each attachment that an earlier daemon left pinned and that is still in place.
 * @each gets a copy and owns its link; counters is 0. It returns 0, or -errno to end the walk.
 * Changes nothing. Returns 0, or -errno with @errmsg if any of them cannot be read: then nobody
 * knows what is in place.
 */
int tg_attach_adopt(const char *state_dir,
		    int (*each)(void *data, const struct tg_attachment *attachment), void *data,
		    char *errmsg);

/*
 * Unlinks the pins of all attachments but the @n of @held, and removes qdiscs that we made and that
 * no filter of ours needs.
 */
void tg_attach_tidy(const char *state_dir, const struct tg_attachment *held, size_t n);

/*
 * Sets *@id to that of the program that the hook runs by our link or filter. Returns 0, -ENODEV
 * without the interface, -ENOENT without the filter or if another's is there, or another -errno.
 */
int tg_attach_program(const struct tg_attachment *attachment, uint32_t *id);

/* Returns whether it is still on its interface and the hook runs the program of that id there. */
bool tg_attach_healthy(const struct tg_attachment *attachment, uint32_t id);

#endif
