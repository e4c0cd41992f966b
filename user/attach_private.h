/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What differs from hook to hook; attach.c calls these. Returns as there. */
#ifndef TG_ATTACH_PRIVATE_H
#define TG_ATTACH_PRIVATE_H

#include "attach.h"

/* A descriptor of the link, or -errno with @message. Sets the mode. */
int tg_xdp_attach(struct tg_attachment *attachment, int program, enum tg_xdp_mode xdp_mode,
		  char *message);
bool tg_xdp_healthy(const struct tg_attachment *attachment, uint32_t program_id);
enum tg_mode tg_xdp_mode_of(unsigned int ifindex);

/* A descriptor of the link, or of the program in the filter. Sets the mode. */
int tg_tc_attach(struct tg_attachment *attachment, const char *state_dir, int program,
		 char *message);

/* Of filters: the program's id, or 0. */
uint32_t tg_clsact_program(const struct tg_attachment *attachment);
int tg_clsact_update(const struct tg_attachment *attachment, int program);
void tg_clsact_remove(const struct tg_attachment *attachment, const char *state_dir);

/* The pin that says that the clsact qdisc of an interface is of our making. */
#define TG_CLSACT_QDISC_PIN "clsact-qdisc-"

#endif
