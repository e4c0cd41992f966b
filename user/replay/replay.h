/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs captured frames through the packet program that enforces, on a clock driven by their
 * timestamps. Needs the privilege to load BPF programs. Uses maps of its own, and no interface.
 */
#ifndef TG_REPLAY_REPLAY_H
#define TG_REPLAY_REPLAY_H

#include <tidegate/trace.h>

#include "config/config.h"
#include "kernel/captured_frame.h"
#include "base/errmsg.h"
#include "policy/compile.h"

struct tg_replay;

/* Packets whose timestamp or length was not as it should be. */
struct tg_replay_notes {
	uint64_t earlier; /* stamped up to 1 s before their predecessor: run at its time */
	uint64_t jumps;	  /* stamped over 1 s before it: the clock goes on from where it was */
	uint64_t cut;	  /* not captured up to the end of the headers, so not parsed */
};

/*
 * Compiles @config and loads the program of @hook with maps of its own. @config may be freed
 * afterwards. The caller ends *@replay with tg_replay_close(). Returns 0, or -errno with @errmsg
 * (TG_ERRMSG_SIZE); -EPERM: no privilege.
 */
int tg_replay_open(const struct tg_config *config, enum tg_hook hook, struct tg_replay **replay,
		   char *errmsg);

/*
 * Runs one frame. *@now gets its time on the virtual clock, which starts at the first timestamp (ns
 * since 1970) and never goes back; *@trace what the program did. Returns 0 or -errno.
 */
int tg_replay_frame(struct tg_replay *replay, const struct tg_frame *frame, uint64_t *now,
		    struct tg_trace *trace);

/* Converts @now of tg_replay_frame() to the ns that the program's clock read then. */
uint64_t tg_replay_program_clock(const struct tg_replay *replay, uint64_t now);

/* Returns the compiled policy that runs, valid as long as @replay. */
const struct tg_compiled *tg_replay_compiled(const struct tg_replay *replay);

/* Read the counters of the limit in @slot, and of packets by reason. Return 0 or -errno. */
int tg_replay_limit_counters(const struct tg_replay *replay, uint32_t slot,
			     struct tg_limit_counters *counters);
int tg_replay_reasons(const struct tg_replay *replay, struct tg_interface_counters *counters);

/* Returns the counts so far, valid as long as @replay. */
const struct tg_replay_notes *tg_replay_read_notes(const struct tg_replay *replay);

void tg_replay_close(struct tg_replay **replay); /* NULL-safe; sets *replay to NULL */

#endif
