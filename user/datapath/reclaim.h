/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking out of the table what is not needed there: buckets that are full say the same as none. A
 * pass looks at all of the table in slices of a few milliseconds at most, between which the
 * daemon serves whoever waits.
 */
#ifndef TG_DATAPATH_RECLAIM_H
#define TG_DATAPATH_RECLAIM_H

#include <stdbool.h>
#include <stdint.h>

struct tg_datapath;

/* What is known of the passes of one datapath. */
struct tg_reclaim;
struct tg_reclaim *tg_reclaim_new(void);	   /* NULL: out of memory */
void tg_reclaim_free(struct tg_reclaim **reclaim); /* NULL-safe */

/* At most so long, and no shorter however many wait for a place. */
#define TG_RETURNING_IDLE_MAX 300000000000ULL /* ns */
#define TG_RETURNING_IDLE_MIN 10000000000ULL

/*
 * How long the bucket of a known source may stay full in the next pass, if this one has left
 * @used of @size places taken: shorter when few are free, longer when many are. Pure.
 */
uint64_t tg_reclaim_adapt(uint64_t returning_idle, uint64_t used, uint64_t size);

/*
 * Housekeeping, about once a second: takes expired entries out, says when the table is full. True
 * if it is filling up: then tg_datapath_reclaim() is to be called until it returns false.
 */
bool tg_datapath_maintain(struct tg_datapath *datapath);

/* Takes some of the buckets that are not needed out of the table. True if there is more to do. */
bool tg_datapath_reclaim(struct tg_datapath *datapath);

#endif
