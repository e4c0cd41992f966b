// SPDX-License-Identifier: GPL-2.0-or-later
/* Walks the table in slices and has the packet program remove buckets that are full. */
#include "datapath/reclaim.h"

#include <errno.h>
#include <stdlib.h>
#include <tidegate/gcra.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "datapath/counters.h"
#include "datapath/datapath_private.h"
#include "datapath/entries_private.h"
#include "base/log.h"
#include "kernel/packet_clock.h"
#include "policy/compile.h"
#include "kernel/bucket_table.h"

#define PAUSE_PER_PASS	  4 /* times the length of a pass, which bounds passes to 1/5 of a CPU */
#define PAUSE_AFTER_ERROR (60 * NS_PER_S)
#define CALM_NS		  (60 * NS_PER_S) /* without full-table packets, until the log says so again */

struct tg_reclaim {
	struct tg_table_walk *walk;	  /* the pass under way; NULL none */
	const struct tg_program *program; /* in force when the pass began */
	uint64_t began, next;		  /* ns: start of this pass, earliest start of the next */
	uint64_t returning_idle;	  /* ns that the full bucket of a returning source stays */
	uint64_t table_full,
		table_full_at; /* packets that found the table full; when that last grew (ns) */
	bool announced;	       /* the log says that it is full */
	bool paused;
};

struct tg_reclaim *tg_reclaim_new(void)
{
	return calloc(1, sizeof(struct tg_reclaim));
}

void tg_reclaim_free(struct tg_reclaim **reclaim)
{
	if (!*reclaim)
		return;
	tg_table_walk_free(&(*reclaim)->walk);
	free(*reclaim);
	*reclaim = NULL;
}

uint64_t tg_reclaim_adapt(uint64_t returning_idle, uint64_t used, uint64_t size)
{
	if (used > size / 4 * 3)
		returning_idle /= 2;
	else if (used < size / 8 * 5)
		returning_idle *= 2;
	if (returning_idle < TG_RETURNING_IDLE_MIN)
		return TG_RETURNING_IDLE_MIN;
	return returning_idle > TG_RETURNING_IDLE_MAX ? TG_RETURNING_IDLE_MAX : returning_idle;
}

/* Logs one line when the table gets full, and one when that is a minute past. */
static void watch_table_full(struct tg_datapath *datapath, uint64_t table_full, uint64_t now)
{
	struct tg_reclaim *reclaim = datapath->reclaim;

	if (table_full > reclaim->table_full) {
		reclaim->table_full_at = now;
		if (!reclaim->announced)
			tg_log(TG_LOG_WARNING,
			       "the table is full: of its %u buckets none is free, and new sources "
			       "share overflow buckets; a larger table.size makes room, "
			       "new_sources bounds a flood of new sources",
			       datapath->table_size);
		reclaim->announced = true;
	} else if (reclaim->announced && now - reclaim->table_full_at > CALM_NS) {
		tg_log(TG_LOG_INFO, "the table has had room for a minute");
		reclaim->announced = false;
	}
	reclaim->table_full = table_full; /* falls when limits are removed */
}

/* One slice: the entries that the program is asked to remove. */
struct slice {
	const struct tg_datapath *datapath;
	uint64_t now[TG_CLOCKS]; /* ns, about; the program checks again */
	struct tg_sweep sweep;
	uint32_t entries[TG_CANDIDATES_MAX];
};

static bool is_idle(const struct slice *slice, const struct tg_limit_record *record,
		    const struct tg_bucket *bucket)
{
	const struct tg_rate *rate = &record->rates[record->version];

	return tg_state_version(bucket->state) == record->version &&
	       tg_gcra_idle(rate, bucket->state, slice->now[rate->clock],
			    slice->sweep.idle[tg_source_age_of(bucket)]);
}

static int consider(void *data, uint32_t number, const struct tg_table_entry *entry)
{
	struct slice *slice = data;
	const struct tg_limit_record *record =
		&slice->datapath->records[TG_LIMIT_SLOT(entry->key.limit_id)];

	if (record->id == entry->key.limit_id && !is_idle(slice, record, &entry->bucket))
		return 0;
	slice->entries[slice->sweep.candidates++] = number;
	return 0;
}

static void end_pass(struct tg_datapath *datapath)
{
	struct tg_reclaim *reclaim = datapath->reclaim;
	uint64_t now = tg_now_ns(), table_full;

	tg_table_walk_free(&reclaim->walk);
	reclaim->next = now + (now - reclaim->began) * PAUSE_PER_PASS;
	reclaim->returning_idle = tg_reclaim_adapt(reclaim->returning_idle,
						   tg_datapath_count_used(datapath, &table_full),
						   datapath->table_size);
}

/* Ends the pass after an error, which is logged already. */
static void give_up(struct tg_datapath *datapath)
{
	struct tg_reclaim *reclaim = datapath->reclaim;

	tg_table_walk_free(&reclaim->walk);
	reclaim->next = tg_now_ns() + PAUSE_AFTER_ERROR;
}

void tg_datapath_pause_reclaim(struct tg_datapath *datapath, bool paused)
{
	datapath->reclaim->paused = paused;
	tg_table_walk_free(&datapath->reclaim->walk);
}

bool tg_datapath_reclaim(struct tg_datapath *datapath)
{
	struct tg_reclaim *reclaim = datapath->reclaim;
	tg_autofree struct slice *slice = calloc(1, sizeof(*slice));
	int more;

	if (!reclaim->walk)
		return false;
	if (!slice || reclaim->program != datapath->program) {
		tg_table_walk_free(&reclaim->walk); /* the walk may be of another table */
		return false;
	}
	slice->datapath = datapath;
	slice->sweep.flags = TG_SWEEP_RECLAIM | TG_SWEEP_FORGET;
	slice->sweep.bank = datapath->bank;
	slice->sweep.idle[TG_RETURNING] = reclaim->returning_idle;
	slice->now[TG_CLOCK_PRECISE] = tg_now_ns();
	slice->now[TG_CLOCK_COARSE] = tg_clock_read(TG_CLOCK_COARSE);
	more = tg_table_step(reclaim->walk, consider, slice);
	if (more >= 0 && slice->sweep.candidates &&
	    tg_program_reclaim(datapath->program, &slice->sweep, slice->entries))
		more = -EIO;
	if (more < 0)
		give_up(datapath);
	if (more == 0)
		end_pass(datapath);
	return more > 0;
}

bool tg_datapath_maintain(struct tg_datapath *datapath)
{
	struct tg_reclaim *reclaim = datapath->reclaim;
	uint64_t now = tg_now_ns(), table_full, used;

	tg_entries_expire(datapath);
	used = tg_datapath_count_used(datapath, &table_full);
	watch_table_full(datapath, table_full, now);
	if (reclaim->paused || reclaim->walk || used < datapath->table_size / 2 ||
	    now < reclaim->next)
		return false;
	if (!reclaim->returning_idle)
		reclaim->returning_idle = TG_RETURNING_IDLE_MAX;
	reclaim->began = now;
	reclaim->program = datapath->program;
	reclaim->walk = tg_table_walk_new(tg_program_map_fd(datapath->program, TG_MAP_BUCKETS));
	if (!reclaim->walk)
		give_up(datapath);
	return reclaim->walk != NULL;
}
