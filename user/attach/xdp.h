/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaches programs at XDP by links. */
#ifndef TG_ATTACH_XDP_H
#define TG_ATTACH_XDP_H

#include "attach/link.h"
#include "config/config.h"

/*
 * Attaches @program (a descriptor) to attachment->ifindex and sets attachment->mode. With @xdp_mode
 * auto, uses generic XDP where the driver has no native XDP, and logs a warning. Returns a
 * descriptor of the link, which the caller pins and closes, or -errno with @errmsg: -EBUSY if
 * another's XDP program is there, -EOPNOTSUPP without native XDP, -EPERM without privilege.
 */
int tg_xdp_attach(struct tg_attachment *attachment, int program, enum tg_xdp_mode xdp_mode,
		  char *errmsg);

/*
 * Sets *@mode to TG_MODE_GENERIC or TG_MODE_NATIVE, as the XDP program there is attached. Returns
 * 0, or -errno: -ENODEV if there is no such interface.
 */
int tg_xdp_mode_of(unsigned int ifindex, enum tg_mode *mode);

#endif
