/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a policy would have done to a capture: counted while it is replayed, then reported. */
#ifndef TG_REPLAY_SIMULATION_H
#define TG_REPLAY_SIMULATION_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "config/config.h"
#include "base/errmsg.h"
#include "replay/replay.h"
#include "replay/outcomes.h"

struct tg_simulation {
	const struct tg_config *config;
	const char *capture;
	enum tg_hook hook;
	bool complete; /* the capture was read to its end */
	struct tg_replay *replay;
	uint64_t packets, bytes;	       /* of the capture */
	uint64_t first, last;		       /* ns since 1970 */
	uint64_t first_refused[TG_LIMITS_MAX]; /* by slot; 0: none was */
	uint64_t last_refused[TG_LIMITS_MAX];  /* likewise */
	struct tg_outcomes sources;
};

/*
 * Loads @config's policy. @config must outlive the simulation, which starts all zero. 0 or -errno
 * with @errmsg; -EPERM: no privilege.
 */
int tg_simulation_open(struct tg_simulation *simulation, const struct tg_config *config,
		       enum tg_hook hook, char *errmsg);

/* Runs one packet and counts it. 0 or -errno with @errmsg. */
int tg_simulation_packet(struct tg_simulation *simulation, const struct tg_frame *frame,
			 char *errmsg);

/* As JSON with stable keys, of @n sources; NULL when out of memory or counters cannot be read. */
json_t *tg_simulation_report(struct tg_simulation *simulation, size_t n);

/* That report in words and tables. */
void tg_simulation_print(const json_t *report, FILE *out);

void tg_simulation_close(struct tg_simulation *simulation);

#endif
