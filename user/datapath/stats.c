// SPDX-License-Identifier: GPL-2.0-or-later
/* Names of reasons and verdicts, and sums over the counters of an interface. */
#include <stdlib.h>

#include "datapath/stats.h"

static const struct {
	const char *name;
	bool passes;
} reasons[TG_REASON_COUNT] = {
#define TG_REASON_ROW(symbol, name, passes) [TG_REASON_##symbol] = {name, passes},
	TG_REASONS(TG_REASON_ROW)
#undef TG_REASON_ROW
};

const char *tg_reason_name(enum tg_reason reason)
{
	return reasons[reason].name;
}

const char *tg_verdict_name(enum tg_verdict verdict)
{
	static const char *const names[TG_VERDICT_COUNT] = {
		[TG_VERDICT_ADMITTED] = "admitted",
		[TG_VERDICT_DROPPED] = "dropped",
		[TG_VERDICT_MARKED] = "marked",
		[TG_VERDICT_DELAYED] = "delayed",
		[TG_VERDICT_REJECTED] = "rejected",
		[TG_VERDICT_SHADOW_EXCEEDED] = "shadow_exceeded",
	};

	return (unsigned int)verdict < TG_VERDICT_COUNT ? names[verdict] : "unknown";
}

bool tg_reason_passes(enum tg_reason reason)
{
	return reasons[reason].passes;
}

uint64_t tg_interface_stats_sum(const struct tg_interface_stats *stats, bool want_passed)
{
	uint64_t sum = 0;
	int reason;

	for (reason = 0; reason < TG_REASON_COUNT; reason++)
		if (reasons[reason].passes == want_passed)
			sum += stats->packets[reason];
	return sum;
}

void tg_stats_free(struct tg_stats **stats)
{
	if (!*stats)
		return;
	free((*stats)->interfaces);
	tg_missing_free(&(*stats)->missing);
	free((*stats)->limits);
	free(*stats);
	*stats = NULL;
}
