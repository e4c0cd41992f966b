// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads the program on a virtual clock, and runs captured frames through it. */
#include "replay/replay.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "kernel/bucket_table.h"
#include "kernel/packet_clock.h"
#include "kernel/program.h"
#include "datapath/reclaim.h"
#include "base/clock.h"

#define NS_PER_DAY (86400 * NS_PER_S)
#define LOOPBACK   1	    /* index of the interface that test runs come in at */
#define PLACE	   1	    /* its index into the interface counters */
#define SWEEPS	   NS_PER_S /* as often as the daemon checks whether the table fills up */

struct tg_replay {
	struct tg_compiled *compiled;
	struct tg_program *program;
	enum tg_hook hook;
	struct tg_replay_notes notes;
	uint64_t last;	  /* timestamp of the last frame */
	uint64_t now;	  /* ns since 1970 */
	uint64_t base;	  /* ns by which the program's clock is behind `now` */
	uint64_t checked; /* `now` of the last check of the table */
	uint64_t returning_idle[TG_LIMITS_MAX]; /* by slot, ns, see tg_reclaim_adapt() */
	uint8_t bytes[TG_FRAME_LEAST];		/* a shorter frame, filled up */
};

static const struct tg_meta blank = {.abi_version = TG_ABI_VERSION, .next_serial = 1};

static int fill_maps(const struct tg_replay *replay)
{
	int records = tg_program_map_fd(replay->program, TG_MAP_RECORDS);
	int admissions = tg_program_map_fd(replay->program, TG_MAP_ADMISSION);
	int attachments = tg_program_map_fd(replay->program, TG_MAP_ATTACHMENTS);
	uint32_t index = replay->hook * TG_IFINDEX_SLOTS + LOOPBACK, place = PLACE, slot;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++)
		if (bpf_map_update_elem(records, &slot, &replay->compiled->records[slot],
					BPF_ANY) ||
		    bpf_map_update_elem(admissions, &slot, &replay->compiled->admissions[slot],
					BPF_ANY))
			return -errno;
	return bpf_map_update_elem(attachments, &index, &place, BPF_ANY) ? -errno : 0;
}

int tg_replay_open(const struct tg_config *config, enum tg_hook hook, struct tg_replay **replay,
		   char *errmsg)
{
	static const struct tg_limit_record none[TG_LIMITS_MAX];
	tg_cleanup(tg_replay_close) struct tg_replay *made = calloc(1, sizeof(*made));
	uint32_t slot;
	int error;

	if (!made)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	made->hook = hook;
	for (slot = 0; slot < TG_LIMITS_MAX; slot++)
		made->returning_idle[slot] = TG_RETURNING_IDLE_MAX;
	error = tg_policy_compile(config, none, &blank, 0, tg_clock_tick(), NULL, &made->compiled);
	if (error)
		return tg_error_set(errmsg, error, "cannot compile the policy: %s",
				    strerror(-error));
	error = tg_program_load_virtual(made->compiled, hook, &made->program, errmsg);
	if (error)
		return error;
	error = fill_maps(made);
	if (error)
		return tg_error_set(errmsg, error, "cannot fill the program's maps: %s",
				    strerror(-error));
	*replay = TAKE_PTR(made);
	return 0;
}

/*
 * Starts the program's clock on its second day, at the capture's time of day, so that refills come
 * at whole seconds, minutes and hours of UTC.
 */
static void start_clock(struct tg_replay *replay, uint64_t time)
{
	replay->now = replay->checked = time;
	replay->base = time - (NS_PER_DAY + time % NS_PER_DAY);
}

/*
 * Moves the clock on to a frame's timestamp. Frames of several queues or CPUs come up to 1 s out of
 * order; they run at the time of the frame before. A larger step back is a clock that was set back
 * or a second capture, and time goes on from there.
 */
static void advance_clock(struct tg_replay *replay, uint64_t time)
{
	if (!replay->now)
		start_clock(replay, time);
	else if (time >= replay->last)
		replay->now += time - replay->last;
	else if (replay->last - time > NS_PER_S)
		replay->notes.jumps++;
	else {
		replay->notes.earlier++;
		return;
	}
	replay->last = time;
}

/* Takes out what the limit in @slot does not need, if it uses half of its room or more. */
static int reclaim(struct tg_replay *replay, uint32_t slot, struct tg_table_usage *usage)
{
	struct tg_sweep sweep = {.flags = TG_SWEEP_RECLAIM | TG_SWEEP_BY_LIMIT,
				 .limit_id = replay->compiled->records[slot].id,
				 .idle[TG_RETURNING] = replay->returning_idle[slot]};
	uint64_t quota = usage->quotas[slot], held = TG_QUOTA_HELD(quota);
	int error;

	if (!tg_reclaim_is_due(quota, usage->open))
		return 0;
	error = tg_program_sweep(replay->program, &sweep);
	if (error)
		return error;
	replay->returning_idle[slot] =
		tg_reclaim_adapt(replay->returning_idle[slot], held - sweep.reclaimed,
				 held + tg_quota_room(quota, usage->open));
	return 0;
}

/* Does what tg_datapath_maintain() does, once for each second of the capture. */
static int maintain(struct tg_replay *replay)
{
	struct tg_table_usage usage;
	uint32_t slot;
	int error;

	if (replay->now - replay->checked < SWEEPS)
		return 0;
	replay->checked = replay->now;
	error = tg_table_read_usage(tg_program_map_fd(replay->program, TG_MAP_BUCKETS), &usage);
	for (slot = 0; slot < TG_LIMITS_MAX && !error; slot++)
		error = reclaim(replay, slot, &usage);
	return error;
}

/*
 * Makes a frame that the kernel accepts. One cut off within the Ethernet header is filled up with
 * zeros, and its length says how many bytes are from the capture.
 */
static void fit_frame(struct tg_replay *replay, const struct tg_frame *from, struct tg_frame *to)
{
	*to = *from;
	if (to->captured > TG_FRAME_MOST)
		to->captured = TG_FRAME_MOST;
	if (to->captured >= TG_FRAME_LEAST)
		return;
	memset(replay->bytes, 0, sizeof(replay->bytes));
	memcpy(replay->bytes, from->bytes, from->captured);
	to->bytes = replay->bytes;
	to->captured = TG_FRAME_LEAST;
	to->length = from->captured ? from->captured : 1; /* 0 would mean all of the frame */
}

static bool is_cut(const struct tg_frame *frame, const struct tg_trace *trace)
{
	return (frame->captured < frame->length || !frame->captured) && !trace->evaluated &&
	       (trace->reason == TG_REASON_TRUNCATED_ETHERNET ||
		trace->reason == TG_REASON_TRUNCATED_IPV4 ||
		trace->reason == TG_REASON_TRUNCATED_IPV6 ||
		trace->reason == TG_REASON_TRUNCATED_TRANSPORT);
}

int tg_replay_frame(struct tg_replay *replay, const struct tg_frame *frame, uint64_t *now,
		    struct tg_trace *trace)
{
	struct tg_frame fitting;
	int error;

	advance_clock(replay, frame->time);
	error = maintain(replay);
	if (error)
		return error;
	fit_frame(replay, frame, &fitting);
	do {
		error = tg_program_run(replay->program, replay->hook, replay->now - replay->base,
				       &fitting, trace);
	} while (error == -EINTR);
	if (error)
		return error;
	replay->notes.cut += is_cut(frame, trace);
	*now = replay->now;
	return 0;
}

uint64_t tg_replay_program_clock(const struct tg_replay *replay, uint64_t now)
{
	return now - replay->base;
}

const struct tg_compiled *tg_replay_compiled(const struct tg_replay *replay)
{
	return replay->compiled;
}

int tg_replay_limit_counters(const struct tg_replay *replay, uint32_t slot,
			     struct tg_limit_counters *counters)
{
	return tg_program_sum(tg_program_map_fd(replay->program, TG_MAP_LIMIT_COUNTERS), slot,
			      (uint64_t *)counters, sizeof(*counters));
}

int tg_replay_reasons(const struct tg_replay *replay, struct tg_interface_counters *counters)
{
	return tg_program_sum(tg_program_map_fd(replay->program, TG_MAP_INTERFACE_COUNTERS), PLACE,
			      (uint64_t *)counters, sizeof(*counters));
}

const struct tg_replay_notes *tg_replay_read_notes(const struct tg_replay *replay)
{
	return &replay->notes;
}

void tg_replay_close(struct tg_replay **replay)
{
	if (!*replay)
		return;
	tg_program_free(&(*replay)->program);
	tg_compiled_free(&(*replay)->compiled);
	free(*replay);
	*replay = NULL;
}
