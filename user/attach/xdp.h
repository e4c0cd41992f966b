/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs at XDP, by links. */
#ifndef TG_ATTACH_XDP_H
#define TG_ATTACH_XDP_H

#include "attach/link.h"
#include "config/config.h"

/* A descriptor of the link, or -errno with @errmsg. Sets the mode. */
int tg_xdp_attach(struct tg_attachment *attachment, int program, enum tg_xdp_mode xdp_mode,
		  char *errmsg);

/* The interface runs the program of that id. */
bool tg_xdp_healthy(const struct tg_attachment *attachment, uint32_t program_id);

enum tg_mode tg_xdp_mode_of(unsigned int ifindex);

#endif
