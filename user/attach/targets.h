/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the interfaces of the machine that a configuration names, by name or pattern. */
#ifndef TG_ATTACH_TARGETS_H
#define TG_ATTACH_TARGETS_H

#include <stdbool.h>
#include <stddef.h>

#include "attach/header.h"
#include "config/config.h"

/* An interface to attach to. */
struct tg_target {
	char name[16];
	unsigned int ifindex;
	enum tg_xdp_mode xdp_mode;
	unsigned int hooks; /* mask of 1 << enum tg_hook */
	bool manage_qdisc;
	size_t entry; /* index in config->interfaces */
	bool named;   /* by that entry; false: it fits its pattern */
	enum tg_header header;
	char unfit[TG_HEADER_WHY]; /* why its frames cannot be read; "": they can */
	unsigned int attached;	   /* mask of hooks that have our program; for the caller to use */
	/*
	 * ifindex of another target that receives the same packets: the bridge of this port, or the
	 * device under this VLAN. 0 none.
	 */
	unsigned int overlaps;
	unsigned int upper;  /* ifindex of a bridge, bond, macvlan ... above it; 0: none known */
	char upper_kind[16]; /* "bridge", "bond" ...; "" unknown */
	unsigned int depth;  /* how many other targets are below it, one upon the other */
};

/*
 * Lists the interfaces of this network namespace that @config names, sorted by ifindex; however
 * many there are. The caller frees *@targets by free(); NULL if *@n is 0. Names of interfaces that
 * do not exist are left out, because they may appear later. Returns 0, or -errno with @errmsg
 * (TG_ERRMSG_SIZE): then nothing is known about which interfaces there are.
 */
int tg_targets_find(const struct tg_config *config, struct tg_target **targets, size_t *n,
		    char *errmsg);

/* Returns the target with that ifindex, or NULL. @targets as tg_targets_find() sorted them. */
struct tg_target *tg_targets_of(struct tg_target *targets, size_t n, unsigned int ifindex);

/*
 * Refuses a configuration none of whose interfaces exists, unless it has a pattern. Returns 0, or
 * -ENODEV with @errmsg.
 */
int tg_targets_refuse_none(const struct tg_config *config, char *errmsg);

/*
 * Writes that the kernel refuses a program below one that is above it, and what can be written
 * instead, if @target has something above it. Returns whether it has.
 */
bool tg_targets_explain_upper(const struct tg_target *target, char *errmsg);

/* Logs a warning for each target whose packets are charged twice. */
void tg_targets_warn(const struct tg_target *targets, size_t n);

#endif
