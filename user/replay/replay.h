/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs captured frames through the packet program that enforces, on a clock that their timestamps
 * drive. Needs the privilege to load BPF programs; touches no interface and no daemon's maps.
 */
#ifndef TG_REPLAY_REPLAY_H
#define TG_REPLAY_REPLAY_H

#include <tidegate/trace.h>

#include "config/config.h"
#include "kernel/captured_frame.h"
#include "base/errmsg.h"
#include "policy/compile.h"

struct tg_replay;

/* What had to be made of the capture's clock and of its frames, in packets. */
struct tg_replay_notes {
	uint64_t earlier; /* stamped up to 1 s before the one ahead of them: taken as of its time */
	uint64_t jumps;	  /* or more: the clock went on from where it was */
	uint64_t cut;	  /* headers not all captured, so that the program could not read them */
};

/* 0 or -errno with @errmsg; -EPERM: no privilege. @config may go away afterwards. */
int tg_replay_open(const struct tg_config *config, enum tg_hook hook, struct tg_replay **replay,
		   char *errmsg);

/*
 * Runs one frame. *@now: its time on the virtual clock, ns since 1970 as the first frame has it,
 * never going back. 0 or -errno.
 */
int tg_replay_frame(struct tg_replay *replay, const struct tg_frame *frame, uint64_t *now,
		    struct tg_trace *trace);

/* The program's own reading of its clock at @now. */
uint64_t tg_replay_program_clock(const struct tg_replay *replay, uint64_t now);

/* The compiled policy that runs. */
const struct tg_compiled *tg_replay_compiled(const struct tg_replay *replay);

/* The kernel's own counters: of the limit in @slot, and of packets by reason. 0 or -errno. */
int tg_replay_limit_counters(const struct tg_replay *replay, uint32_t slot,
			     struct tg_limit_counters *counters);
int tg_replay_reasons(const struct tg_replay *replay, struct tg_interface_counters *counters);

const struct tg_replay_notes *tg_replay_read_notes(const struct tg_replay *replay);

void tg_replay_close(struct tg_replay **replay); /* NULL-safe */

#endif
