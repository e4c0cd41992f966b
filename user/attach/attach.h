/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our programs on the hooks of interfaces: put there, pinned, adopted, updated in place,
 * removed. A program of another's making is never touched.
 */
#ifndef TG_ATTACH_ATTACH_H
#define TG_ATTACH_ATTACH_H

#include <stdbool.h>

#include "attach/link.h"
#include "config/config.h"

/*
 * Attaches @program to @attachment's hook and interface (name, ifindex) and pins what holds it
 * in @state_dir; fills link and mode. @xdp_mode matters to XDP alone. Errors as
 * tg_datapath_publish().
 */
int tg_attach(struct tg_attachment *attachment, const char *state_dir, int program,
	      enum tg_xdp_mode xdp_mode, char *errmsg);

/* Swaps the program in one step. */
int tg_attach_update(const struct tg_attachment *attachment, const char *state_dir, int program,
		     char *errmsg);

/* Detaches and unpins. */
void tg_attach_remove(struct tg_attachment *attachment, const char *state_dir);

/* Calls @each for all that an earlier daemon has left pinned and that is still in place. */
void tg_attach_adopt(const char *state_dir,
		     void (*each)(void *data, const struct tg_attachment *attachment), void *data);

/* It is on its interface, and what the hook runs there is our program. */
bool tg_attach_healthy(const struct tg_attachment *attachment);

#endif
