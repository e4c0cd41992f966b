/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shows the progress of a long run: one line on the terminal, rewritten from 1 s on. */
#ifndef TG_REPLAY_PROGRESS_H
#define TG_REPLAY_PROGRESS_H

#include <stdint.h>

#include "replay/capture.h"

/* Starts all zero. */
struct tg_progress {
	uint64_t started, next; /* ns on CLOCK_MONOTONIC: first call, next line */
	int shown;		/* 1: a line is on the terminal */
};

/* Writes the share done and @packets to stderr, if it is a terminal and a line is due. Cheap enough
 * to be called for each packet. */
void tg_progress_show(struct tg_progress *progress, const struct tg_capture *capture,
		      uint64_t packets);

/* Erases the line, if there is one. */
void tg_progress_end(const struct tg_progress *progress);

#endif
