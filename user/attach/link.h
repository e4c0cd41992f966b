/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One attachment: what it is, how it is pinned, and what is said of it. Attaches nothing. */
#ifndef TG_ATTACH_LINK_H
#define TG_ATTACH_LINK_H

#include <stdbool.h>
#include <stdint.h>
#include <tidegate/abi.h>

/* How a program sits on its hook. */
enum tg_mode {
	TG_MODE_NATIVE,	 /* XDP, in the driver */
	TG_MODE_GENERIC, /* XDP, behind it */
	TG_MODE_TCX,	 /* TC, by a link (Linux 6.6) */
	TG_MODE_CLSACT,	 /* TC, by a filter of the clsact qdisc */
};

struct tg_attachment {
	char name[16];
	unsigned int ifindex;
	enum tg_hook hook;
	enum tg_mode mode;
	int link;	   /* descriptor of the link, with TG_MODE_CLSACT of the program */
	uint32_t counters; /* place in the interface_counters map; 0 not yet given */
};

const char *tg_mode_name(enum tg_mode mode);

/* The name of a pin is one of these, then the interface's index. */
struct tg_pin_name {
	const char *prefix;
	enum tg_hook hook;
	bool is_link; /* else the program of a clsact filter */
};

#define TG_PIN_NAMES 5
extern const struct tg_pin_name tg_pin_names[TG_PIN_NAMES];

/* Pins @fd under the name that follows from hook, mode and interface. 0 or -errno. */
int tg_attach_pin(const struct tg_attachment *attachment, const char *state_dir, int fd);
void tg_attach_unpin(const struct tg_attachment *attachment, const char *state_dir);

/* The kernel's id of a program; 0 if @fd is none. */
uint32_t tg_attach_program_id(int fd);

/* "?" if there is no such program. */
void tg_attach_program_name(uint32_t id, char name[16]);

/* Returns -@error, with the sentence for it in @errmsg. */
int tg_tc_explain(const struct tg_attachment *attachment, int error, char *errmsg);

#endif
