/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The dispatch programs, one for each hook and kind of header: all links of the hook on interfaces
 * with that header run it. It outlives generations, and
 * even daemons, as long as it runs by the maps in force.
 */
#ifndef TG_DATAPATH_DISPATCH_H
#define TG_DATAPATH_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tg_attachment;
struct tg_datapath;
struct tg_program;

/*
 * Fills datapath->dispatch for each hook that has a program: with the one that is pinned if it runs
 * by the maps of @program, else with one of @program, which it pins to wait for the switch. *@made
 * gets a mask of the new ones. Returns 0, or -errno with @errmsg.
 */
int tg_dispatch_prepare(struct tg_datapath *datapath, const struct tg_program *program,
			unsigned int *made, char *errmsg);

/* Gives up the new ones of tg_dispatch_prepare(). */
void tg_dispatch_undo(struct tg_datapath *datapath, unsigned int made);

/*
 * Has a link that runs anything else run the hook's dispatch program, in one step. *@was gets the
 * id of the program that it ran before, 0 if nothing was to be done. Not an error if the interface
 * is gone. Returns 0, or -errno with @errmsg.
 */
int tg_dispatch_move(const struct tg_datapath *datapath, const struct tg_attachment *attachment,
		     uint32_t *was, char *errmsg);

/* Has it run the program @was again. Returns 0, or -errno, logged; then its program stays. */
int tg_dispatch_move_back(const struct tg_datapath *datapath,
			  const struct tg_attachment *attachment, uint32_t was);

/* Closes all descriptors. */
void tg_dispatch_close(struct tg_datapath *datapath);

#endif
