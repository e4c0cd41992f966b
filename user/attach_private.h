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

/* A descriptor of the link, or of the program in the filter, which is pinned. Sets the mode. */
int tg_tc_attach(struct tg_attachment *attachment, const char *state_dir, int program,
		 char *message);

/* -@error, with the sentence for it in @message. */
int tg_tc_explain(const struct tg_attachment *attachment, int error, char *message);

/* Of filters; tg_clsact_program() is the program's id, or 0. */
int tg_clsact_attach(const struct tg_attachment *attachment, const char *state_dir, int program,
		     char *message);
uint32_t tg_clsact_program(const struct tg_attachment *attachment);
int tg_clsact_update(const struct tg_attachment *attachment, const char *state_dir, int program);
void tg_clsact_remove(const struct tg_attachment *attachment, const char *state_dir);

/* The filter is still there and runs a program of ours, which becomes the attachment's. */
bool tg_clsact_adopt(struct tg_attachment *attachment);

/* Takes qdiscs of our making away that an earlier daemon has left without a filter of ours. */
void tg_clsact_tidy(const char *state_dir);

/* The pin that says that the clsact qdisc of an interface is of our making. */
#define TG_CLSACT_QDISC_PIN "clsact-qdisc-"

/* Of the attachment, by hook, mode and interface. 0 or -errno. */
int tg_attach_pin(const struct tg_attachment *attachment, const char *state_dir, int fd);
void tg_attach_unpin(const struct tg_attachment *attachment, const char *state_dir);

/* "?" if there is no such program. */
void tg_attach_program_name(uint32_t id, char name[16]);

#endif
