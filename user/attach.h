/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XDP links: made, pinned, adopted, updated in place, removed. A program of another's
 * making is never touched.
 */
#ifndef TG_ATTACH_H
#define TG_ATTACH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "config.h"

struct tg_attachment {
	char name[16];
	unsigned int ifindex;
	int link; /* descriptor */
	bool native;
	uint32_t counters; /* place in the interface_counters map; 0 not yet given */
};

/*
 * Attaches @program to the interface @attachment->name, ifindex, and pins the link in
 * @state_dir; fills link and native. Errors as tg_datapath_publish().
 */
int tg_attach(struct tg_attachment *attachment, const char *state_dir, int program,
	      enum tg_xdp_mode mode, char *message);

/* Swaps the program of a live link in one step. */
int tg_attach_update(const struct tg_attachment *attachment, int program, char *message);

/* Detaches and unpins. */
void tg_attach_remove(struct tg_attachment *attachment, const char *state_dir);

/*
 * The pinned link named @pin, if its interface still exists (-ENODEV, and unpinned, if
 * not; -EINVAL if it is no XDP link).
 */
int tg_attach_adopt(struct tg_attachment *attachment, const char *state_dir, const char *pin);

/* The link is on its interface, and what the interface runs is the link's program. */
bool tg_attach_healthy(const struct tg_attachment *attachment);

#define TG_LINK_PIN_PREFIX "xdp-"

#endif
