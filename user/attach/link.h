/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct tg_attachment, its pins and its messages: what XDP, TCX and clsact have in common. */
#ifndef TG_ATTACH_LINK_H
#define TG_ATTACH_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

/* How a program is attached to its hook. */
enum tg_mode {
	TG_MODE_NATIVE,	 /* XDP in the driver */
	TG_MODE_GENERIC, /* XDP after the driver has made an sk_buff */
	TG_MODE_TCX,	 /* TC by a link (Linux 6.6) */
	TG_MODE_CLSACT,	 /* TC by a filter of the clsact qdisc */
};

struct tg_attachment {
	char name[16]; /* of the interface */
	unsigned int ifindex;
	enum tg_hook hook;
	enum tg_mode mode;
	enum tg_header header; /* of the interface's frames */
	int link;	   /* descriptor of the link; of the program with TG_MODE_CLSACT; -1 none */
	uint32_t counters; /* index in the map interface_counters; 0 not assigned yet */
	bool leaving;	   /* not wanted any more, but it could not be detached yet */
};

/* Returns "native", "generic", "tcx" or "clsact". */
const char *tg_mode_name(enum tg_mode mode);

/* Returns "ethernet" or "none". */
const char *tg_header_name(enum tg_header header);

/* A kind of pin. The name of a pin is the prefix and then the interface's index. */
struct tg_pin_name {
	const char *prefix;
	enum tg_hook hook;
	bool is_link; /* false: the program of a clsact filter */
};

#define TG_PIN_NAMES 5
extern const struct tg_pin_name tg_pin_names[TG_PIN_NAMES];

/* Prefix of a pin that has not got its name yet. One that is left belongs to no attachment. */
#define TG_UNFINISHED_PIN "unfinished-"

/* Writes the name of its pin; 32 bytes are enough. */
void tg_attach_pin_name(const struct tg_attachment *attachment, char *name, size_t size);

/*
 * Pins @fd under the name that hook, mode and ifindex give, and replaces a pin there. 0, or
 * -errno and that pin is still there.
 */
int tg_attach_pin(const struct tg_attachment *attachment, const char *state_dir, int fd);
/* Unlinks that pin, if it is there. */
void tg_attach_unpin(const struct tg_attachment *attachment, const char *state_dir);

/* Returns the kernel's id of the program @fd; 0 if @fd is no program. */
uint32_t tg_attach_program_id(int fd);

/* Writes the name of the program with that id; "?" if there is none. */
void tg_attach_program_name(uint32_t id, char name[16]);

/*
 * Writes to @errmsg why attaching to TC failed. @error is an errno of either sign. Returns -errno.
 */
int tg_tc_explain(const struct tg_attachment *attachment, int error, char *errmsg);

#endif
