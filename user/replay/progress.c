// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes the progress of a run to the terminal. */
#include "replay/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "base/clock.h"

#define EVERY	  1024 /* packets between looks at the clock */
#define AFRESH_NS (NS_PER_S / 5)

void tg_progress_show(struct tg_progress *progress, const struct tg_capture *capture,
		      uint64_t packets)
{
	uint64_t now;
	double done;

	if (packets % EVERY || !isatty(STDERR_FILENO))
		return;
	now = tg_now_ns();
	if (!progress->started) {
		progress->started = now;
		progress->next = now + NS_PER_S;
	}
	if (now < progress->next)
		return;
	progress->next = now + AFRESH_NS;
	progress->shown = 1;
	done = tg_capture_share(capture);
	if (done >= 0)
		dprintf(STDERR_FILENO, "\r%3.0f %%, %" PRIu64 " packets\033[K", 100 * done,
			packets);
	else
		dprintf(STDERR_FILENO, "\r%" PRIu64 " packets\033[K", packets);
}

void tg_progress_end(const struct tg_progress *progress)
{
	if (progress->shown)
		dprintf(STDERR_FILENO, "\r\033[K");
}
