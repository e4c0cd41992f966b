/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How far a long run is: one line on a terminal that is written over, from the first second on. */
#ifndef TG_REPLAY_PROGRESS_H
#define TG_REPLAY_PROGRESS_H

#include <stdint.h>

#include "replay/capture.h"

/* Start with all zero. */
struct tg_progress {
	uint64_t started, next; /* ns on CLOCK_MONOTONIC */
	int shown;
};

/* To be called for each packet: cheap unless it is time for another line. */
void tg_progress_show(struct tg_progress *progress, const struct tg_capture *capture,
		      uint64_t packets);

/* Wipes the line out. */
void tg_progress_end(const struct tg_progress *progress);

#endif
