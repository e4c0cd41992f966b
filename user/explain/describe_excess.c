// SPDX-License-Identifier: GPL-2.0-or-later
/* Describes in words what happens to packets that exceed a limit, and at which hooks it holds. */
#include <inttypes.h>

#include "config/names.h"
#include "explain/describe.h"
#include "base/units.h"

void tg_describe_hooks(unsigned int hooks, FILE *out)
{
	const char *separator = "";
	int hook;

	for (hook = 0; hook < TG_CONFIG_HOOKS_N; hook++) {
		if (!(hooks >> hook & 1))
			continue;
		hooks &= ~(1U << hook);
		fprintf(out, "%s%s", separator, tg_hook_name(hook));
		separator = hooks & (hooks - 1) ? ", " : " and ";
	}
}

static void describe_dscp(const struct tg_config_mark *mark, FILE *out)
{
	const char *name = tg_dscp_name(mark->dscp);

	if (name)
		fprintf(out, "DSCP %s", name);
	else
		fprintf(out, "DSCP %d", mark->dscp);
}

/*
 * Writes "DSCP cs1, fwmark 0x10 and CE if it is ECN-capable". @exceeds: for on_exceed: mark, else
 * for mark_above, which never drops.
 */
static void describe_marks(const struct tg_config_mark *mark, bool exceeds, FILE *out)
{
	int left = (mark->dscp >= 0) + mark->has_fwmark + mark->has_priority + mark->ecn;

#define SEPARATE() fputs(--left > 1 ? ", " : left == 1 ? " and " : "", out)
	if (mark->dscp >= 0) {
		describe_dscp(mark, out);
		SEPARATE();
	}
	if (mark->has_fwmark) {
		fprintf(out, "fwmark 0x%" PRIx32, mark->fwmark);
		SEPARATE();
	}
	if (mark->has_priority) {
		fprintf(out, "priority %" PRIx32 ":%" PRIx32, mark->priority >> 16,
			mark->priority & 0xffff);
		SEPARATE();
	}
#undef SEPARATE
	if (mark->ecn)
		fprintf(out, "CE%s",
			exceeds && mark->drop_not_ecn ? ", or is dropped if it is not ECN-capable"
						      : " if it is ECN-capable");
}

static void describe_action(const struct tg_config_limit *limit, FILE *out)
{
	char text[64];

	switch (limit->action) {
	case TG_CONFIG_DROP:
		fputs(limit->per == TG_CONFIG_PER_KEY ? "is refused" : "is dropped", out);
		return;
	case TG_CONFIG_MARK:
		fputs("goes on with ", out);
		describe_marks(&limit->mark, true, out);
		return;
	case TG_CONFIG_DELAY:
		fprintf(out, "waits for its token, %s at most, or else is dropped",
			tg_format_duration(limit->max_delay, text, sizeof(text)));
		return;
	case TG_CONFIG_REJECT:
		fputs("is dropped, and answered by a TCP reset", out);
		if (limit->unit != TG_CONFIG_CONNECTIONS)
			fprintf(out, ", DNS %s or ICMP prohibited",
				limit->dns_refused ? "REFUSED" : "truncation");
	}
}

static void describe_backoff(const struct tg_config_backoff *backoff, FILE *out)
{
	char initial[64], max[64];

	tg_format_duration(backoff->initial, initial, sizeof(initial));
	tg_format_duration(backoff->max, max, sizeof(max));
	if (backoff->factor == 1000 || backoff->initial == backoff->max)
		fprintf(out, ", and closes the bucket for %s each time", initial);
	else
		fprintf(out,
			", and closes the bucket for %s, then %g times as long each time, up to %s",
			initial, backoff->factor / 1000.0, max);
}

void tg_describe_excess(const struct tg_config_limit *limit, FILE *out)
{
	if (limit->shadow)
		fputs("shadow: what exceeds goes on and is counted; without shadow: ", out);
	if (limit->mark_above) {
		fprintf(out, "what comes while more than %" PRIu64 " %s are in use goes on with ",
			limit->mark_above, tg_unit_name(limit->unit));
		describe_marks(&limit->mark, false, out);
		fputs("; ", out);
	}
	fputs("what exceeds ", out);
	describe_action(limit, out);
	if (limit->backoff.initial)
		describe_backoff(&limit->backoff, out);
}
