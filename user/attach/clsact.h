/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs at TC by filters of the clsact qdisc. */
#ifndef TG_ATTACH_CLSACT_H
#define TG_ATTACH_CLSACT_H

#include "attach/link.h"

/* A descriptor of the program in the filter, which is pinned, or -errno with @errmsg. */
int tg_clsact_attach(const struct tg_attachment *attachment, const char *state_dir, int program,
		     char *errmsg);

/* 0 or -errno. */
int tg_clsact_update(const struct tg_attachment *attachment, const char *state_dir, int program);
void tg_clsact_remove(const struct tg_attachment *attachment, const char *state_dir);

/* The filter is there and runs the program of the attachment. */
bool tg_clsact_healthy(const struct tg_attachment *attachment);

/* The filter is still there and runs a program of ours, which becomes the attachment's. */
bool tg_clsact_adopt(struct tg_attachment *attachment);

/* Removes qdiscs of our making that an earlier daemon has left without a filter of ours. */
void tg_clsact_tidy(const char *state_dir);

#endif
