/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Removes buckets that are not needed from the table: a full bucket means the same as none. A pass
 * over the table goes in slices of a few milliseconds, between which the daemon serves requests.
 */
#ifndef TG_DATAPATH_RECLAIM_H
#define TG_DATAPATH_RECLAIM_H

#include <stdbool.h>
#include <stdint.h>

struct tg_datapath;

/* The state of the passes over the table of one datapath. */
struct tg_reclaim;

struct tg_reclaim *tg_reclaim_new(void);	   /* NULL: out of memory */
void tg_reclaim_free(struct tg_reclaim **reclaim); /* NULL-safe */

/* Bounds of the time that the full bucket of a returning source stays in the table. */
#define TG_RETURNING_IDLE_MAX 300000000000ULL /* ns */
#define TG_RETURNING_IDLE_MIN 10000000000ULL

/*
 * True if a limit of which quota.h counts @quota holds at least as many buckets as it could get
 * more. Then its full buckets are taken out. Pure.
 */
bool tg_reclaim_is_due(uint64_t quota, int64_t open);

/*
 * Returns the ns that the full bucket of a returning source stays in the table in the next pass. It
 * is half of @returning_idle if this pass left over 3/4 of the @size buckets that its limit can
 * have in use (@used), twice that if it left under 5/8, within the bounds above. Pure.
 */
uint64_t tg_reclaim_adapt(uint64_t returning_idle, uint64_t used, uint64_t size);

/*
 * Removes expired entries and logs when the table has no room for a limit; to be called once a
 * second. Returns true if a pass begins, because a limit uses half of its room or more. Then the
 * caller calls tg_datapath_reclaim() until that returns false. Errors are logged.
 */
bool tg_datapath_maintain(struct tg_datapath *datapath);

/*
 * Ends the pass under way and lets none begin until @paused is false, because buckets are taken out
 * by one run at a time: a sweep in another thread may be one.
 */
void tg_datapath_pause_reclaim(struct tg_datapath *datapath, bool paused);

/* Runs one slice of the pass under way. Returns true if the pass goes on. Errors are logged. */
bool tg_datapath_reclaim(struct tg_datapath *datapath);

#endif
