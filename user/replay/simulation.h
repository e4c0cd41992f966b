/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts what a policy would have done to a capture while that is replayed, and reports it. */
#ifndef TG_REPLAY_SIMULATION_H
#define TG_REPLAY_SIMULATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "base/errmsg.h"
#include "replay/merged.h"
#include "replay/replay.h"
#include "replay/outcomes.h"

struct tg_simulation {
	const struct tg_config *config; /* the caller's */
	const char *capture;		/* its name; the caller's, set before the report */
	enum tg_hook hook;
	bool complete; /* the capture was read to its end; set by the caller */
	struct tg_replay *replay;
	struct tg_merged merged;
	uint64_t packets, bytes;	       /* on the wire */
	uint64_t first, last;		       /* ns since 1970, on the clock of the replay */
	uint64_t first_refused[TG_LIMITS_MAX]; /* ns since 1970, by slot; 0 never */
	uint64_t last_refused[TG_LIMITS_MAX];  /* the same */
	struct tg_outcomes sources;
};

/*
 * Loads the policy of @config, which must outlive the simulation. @mtu: see struct tg_merged.
 * @simulation must be all zero but for its `capture`. Returns 0, or -errno with @errmsg
 * (TG_ERRMSG_SIZE); -EPERM: no privilege.
 */
int tg_simulation_open(struct tg_simulation *simulation, const struct tg_config *config,
		       enum tg_hook hook, uint32_t mtu, char *errmsg);

/*
 * Runs what one frame of the capture was on the wire, and counts it. At XDP these are the packets
 * one by one; at TC, which gets them merged as well, they pass or are refused together. Returns
 * 0, or -ENOMEM or -EIO with @errmsg (TG_ERRMSG_SIZE).
 */
int tg_simulation_packet(struct tg_simulation *simulation, const struct tg_frame *frame,
			 char *errmsg);

/* Returns a JSON object with stable keys, and in it the @n sources refused most. The caller owns
 * it. NULL: out of memory, or counters cannot be read. */
json_t *tg_simulation_report(struct tg_simulation *simulation, size_t n);

/* Writes a report of tg_simulation_report() to @out as words and tables. */
void tg_simulation_print(const json_t *report, FILE *out);

/* Frees what the simulation holds; safe after a failed open. */
void tg_simulation_close(struct tg_simulation *simulation);

#endif
