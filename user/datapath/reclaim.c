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
#include "datapath/room.h"
#include "base/log.h"
#include "kernel/packet_clock.h"
#include "policy/compile.h"
#include "kernel/bucket_table.h"

#define PAUSE_PER_PASS	  4 /* times the length of a pass, which bounds passes to 1/5 of a CPU */
#define PAUSE_AFTER_ERROR (60 * NS_PER_S)
#define CALM_NS		  (60 * NS_PER_S) /* without full-table packets, until the log says so again */

/* What the passes know of the limit in a slot. */
struct limit_state {
	uint32_t id;
	uint64_t returning_idle; /* ns that the full bucket of a returning source stays */
	uint64_t table_full;	 /* packets that found no room */
	uint64_t table_full_at;	 /* when that last grew, ns */
	bool watched;		 /* table_full is known: counters outlive a daemon */
	bool announced;		 /* the log says that it has no room */
};

struct tg_reclaim {
	struct tg_table_walk *walk;	  /* the pass under way; NULL none */
	const struct tg_program *program; /* in force when the pass began */
	uint64_t began, next;		  /* ns: start of this pass, earliest start of the next */
	uint64_t due;			  /* mask of slots whose buckets this pass takes out */
	struct limit_state limits[TG_LIMITS_MAX]; /* by slot */
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

bool tg_reclaim_is_due(uint64_t quota, int64_t open)
{
	return TG_QUOTA_HELD(quota) && TG_QUOTA_HELD(quota) >= tg_quota_room(quota, open);
}

/* Returns the state of the limit in @slot, new if the slot has got another limit. */
static struct limit_state *state_of(const struct tg_datapath *datapath, uint32_t slot)
{
	struct limit_state *state = &datapath->reclaim->limits[slot];

	if (state->id != datapath->records[slot].id)
		*state = (struct limit_state){.id = datapath->records[slot].id,
					      .returning_idle = TG_RETURNING_IDLE_MAX};
	return state;
}

/* Logs one line when the limit has no room any more, and one when that is a minute past. */
static void watch_limit(const struct tg_datapath *datapath, size_t index, uint64_t now)
{
	const struct tg_config_limit *limit = &datapath->config->limits[index];
	uint32_t slot = datapath->compiled->slots[index];
	struct limit_state *state = state_of(datapath, slot);
	struct tg_limit_counters counters;

	if (tg_datapath_limit_counters(datapath, slot, &counters))
		return;
	if (state->watched && counters.table_full > state->table_full) {
		state->table_full_at = now;
		if (!state->announced)
			tg_log(TG_LOG_WARNING,
			       "the table is full for limit %s: of its %u buckets, those reserved "
			       "for this limit (%u) and those for whoever comes are taken, and its "
			       "new sources share overflow buckets; a larger table.size or "
			       "table_share makes room, new_sources bounds a flood of new sources",
			       limit->name, datapath->table_size,
			       datapath->compiled->policy.limits[slot].reserved);
		state->announced = true;
	} else if (state->announced && now - state->table_full_at > CALM_NS) {
		tg_log(TG_LOG_INFO, "the table has had room for limit %s for a minute",
		       limit->name);
		state->announced = false;
	}
	state->table_full = counters.table_full;
	state->watched = true;
}

/* Returns the mask of slots whose limits hold half of the room that they have or could have. */
static uint64_t slots_due(const struct tg_table_usage *usage)
{
	uint64_t due = 0;
	uint32_t slot;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++)
		if (tg_reclaim_is_due(usage->quotas[slot], usage->open))
			due |= 1ULL << slot;
	return due;
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
	uint64_t idle =
		tg_source_age_of(bucket) == TG_SEEN_ONCE
			? 0
			: state_of(slice->datapath, TG_LIMIT_SLOT(record->id))->returning_idle;

	return tg_state_version(bucket->state) == record->version &&
	       tg_gcra_idle(rate, bucket->state, slice->now[rate->clock], idle);
}

static int consider(void *data, uint32_t number, const struct tg_table_entry *entry)
{
	struct slice *slice = data;
	uint32_t slot = TG_LIMIT_SLOT(entry->key.limit_id);
	const struct tg_limit_record *record = &slice->datapath->records[slot];

	if (record->id == entry->key.limit_id && (!(slice->datapath->reclaim->due >> slot & 1) ||
						  !is_idle(slice, record, &entry->bucket)))
		return 0;
	slice->entries[slice->sweep.candidates++] = number;
	return 0;
}

static void end_pass(struct tg_datapath *datapath)
{
	struct tg_reclaim *reclaim = datapath->reclaim;
	uint64_t now = tg_now_ns(), held;
	struct tg_table_usage usage;
	struct limit_state *state;
	uint32_t slot;

	tg_table_walk_free(&reclaim->walk);
	reclaim->next = now + (now - reclaim->began) * PAUSE_PER_PASS;
	if (tg_room_read(datapath, &usage))
		return;
	for (slot = 0; slot < TG_LIMITS_MAX; slot++) {
		state = state_of(datapath, slot);
		held = TG_QUOTA_HELD(usage.quotas[slot]);
		state->returning_idle =
			tg_reclaim_adapt(state->returning_idle, held,
					 held + tg_quota_room(usage.quotas[slot], usage.open));
	}
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
	/* consider() goes by the time of each limit; this is the least of all. */
	slice->sweep.idle[TG_RETURNING] = TG_RETURNING_IDLE_MIN;
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
	uint64_t now = tg_now_ns();
	struct tg_table_usage usage;
	size_t i;

	tg_entries_expire(datapath);
	if (datapath->undivided)
		tg_room_divide(datapath);
	for (i = 0; i < datapath->config->limits_n; i++)
		watch_limit(datapath, i, now);
	if (reclaim->paused || reclaim->walk || now < reclaim->next)
		return false;
	if (tg_room_read(datapath, &usage)) {
		give_up(datapath);
		return false;
	}
	reclaim->due = slots_due(&usage);
	if (!reclaim->due)
		return false;
	reclaim->began = now;
	reclaim->program = datapath->program;
	reclaim->walk = tg_table_walk_new(tg_program_map_fd(datapath->program, TG_MAP_BUCKETS));
	if (!reclaim->walk)
		give_up(datapath);
	return reclaim->walk != NULL;
}
