// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps statistics for a moment. */
#include "daemon/recent.h"

#include "base/clock.h"
#include "daemon/daemon.h"
#include "datapath/datapath.h"

const struct tg_stats *tg_recent_stats(struct tg_daemon *daemon)
{
	struct tg_recent *recent = &daemon->recent;

	if (tg_now_ns() < recent->until_ns)
		return recent->stats;
	tg_stats_free(&recent->stats);
	tg_datapath_stats(daemon->datapath, &recent->stats);
	recent->number++;
	/* Counts from the end, so that the rest of the daemon has its turn however long it took. */
	recent->until_ns = tg_now_ns() + TG_RECENT_MS * NS_PER_MS;
	return recent->stats;
}

void tg_recent_drop(struct tg_daemon *daemon)
{
	tg_stats_free(&daemon->recent.stats);
	daemon->recent.until_ns = 0;
}
