/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Attaches programs at TC by filters of the clsact qdisc, for kernels without TCX (before 6.6). */
#ifndef TG_ATTACH_CLSACT_H
#define TG_ATTACH_CLSACT_H

#include "attach/link.h"

/*
 * Makes the qdisc if it is missing, pins @program (a descriptor) and creates the filter. Returns a
 * descriptor of the program, which the caller closes, or -errno with @errmsg and nothing left
 * behind: -EBUSY if another's filter has the priority. Should it be unknown whether a filter was
 * made, its pin is left, by which the next start finds it. Logs a filter that comes before ours.
 */
int tg_clsact_attach(const struct tg_attachment *attachment, const char *state_dir, int program,
		     char *errmsg);

/*
 * Replaces the program of the filter by @program in one step, and makes attachment->link a
 * descriptor of it. Returns 0 or -errno; after a failure to pin, the filter has the new program.
 */
int tg_clsact_update(const struct tg_attachment *attachment, const char *state_dir, int program);

/*
 * Removes the filter if it runs our program, and the qdisc if we made it and nobody else uses it.
 * Returns 0 once the filter is seen to be gone, or -errno: it may still be there.
 */
int tg_clsact_remove(const struct tg_attachment *attachment, const char *state_dir);

/*
 * Sets *@id to that of the program in our filter, 0 if that is not known. Returns 0; -ENOENT if a
 * whole list of the filters has shown that ours is not there; or another -errno, which says nothing
 * about the filter.
 */
int tg_clsact_program(const struct tg_attachment *attachment, uint32_t *id);

/*
 * Returns 1 if the filter is there and runs a program of tidegate's, 0 if not, or -errno. If that
 * is not the program of attachment->link, attachment->link becomes a descriptor of it and the old
 * one is closed.
 */
int tg_clsact_adopt(struct tg_attachment *attachment, const char *state_dir);

/* Removes the qdiscs that an earlier daemon made and that no filter of ours is in any more. */
void tg_clsact_tidy(const char *state_dir);

#endif
