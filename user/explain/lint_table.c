// SPDX-License-Identifier: GPL-2.0-or-later
/* Warns of limits whose new sources can take all the room that the table has for them. */
#include <inttypes.h>

#include "config/table_parts.h"
#include "explain/lint.h"

/*
 * Returns the ns for which a bucket cannot be taken out after one packet of its source, or with
 * backoff after a few; *@why says what takes so long.
 */
static double time_in_debt(const struct tg_config_limit *limit, const char **why)
{
	double time = tg_lint_packet_time(limit);

	*why = "until one packet is refilled";
	if (limit->backoff.initial && !limit->shadow && (double)limit->backoff.max > time) {
		*why = "of the longest penalty (backoff.max)";
		time = (double)limit->backoff.max;
	}
	return time;
}

static void advise_new_sources(const struct tg_config *config, size_t i, uint32_t reserved,
			       uint32_t most, struct tg_diagnostics *diagnostics)
{
	const struct tg_config_limit *limit = &config->limits[i];
	const char *why;
	double time = time_in_debt(limit, &why), held;
	char text[64];

	held = (double)limit->new_sources.amount / (double)limit->new_sources.interval * time;
	if (held > most)
		tg_diagnose(diagnostics, TG_WARNING, config->path, limit->place,
			    "limits[%zu].new_sources: in the %s %s it lets in %.0f sources, whose "
			    "buckets cannot be taken out before, and %s has room for %" PRIu32
			    " in the table (%" PRIu32
			    " of its own): spoofed sources can keep that taken, and new ones then "
			    "share overflow buckets; write a lower rate, or a larger table.size",
			    i, tg_lint_format_time(time, text, sizeof(text)), why, held,
			    limit->name, most, reserved);
}

void tg_lint_table(const struct tg_config *config, struct tg_diagnostics *diagnostics)
{
	const struct tg_config_limit *limit;
	struct tg_table_division division;
	size_t i;

	tg_config_divide_table(config, &division);
	for (i = 0; i < config->limits_n; i++) {
		limit = &config->limits[i];
		if (limit->new_sources.capacity)
			advise_new_sources(config, i, division.reserved[i],
					   division.reserved[i] + division.open, diagnostics);
		if (config->table_reserve && config->limits_n > 1 && !division.reserved[i] &&
		    !limit->has_table_share)
			tg_diagnose(diagnostics, TG_WARNING, config->path, limit->place,
				    "limits[%zu]: %s has no part of the table, so other limits "
				    "can leave it without room; write a larger table.reserve, "
				    "table.size or table_share",
				    i, limit->name);
	}
}
