// SPDX-License-Identifier: GPL-2.0-or-later
/* Puts values of the daemon's replies into words. */
#include "cli/print.h"

#include <stdio.h>

#include "base/json.h"
#include "base/units.h"

const char *tg_json_refill(const json_t *limit, char *text, size_t size)
{
	double ms = json_number_value(json_object_get(limit, "refill_interval_ms"));
	const char *rate = tg_json_text(limit, "rate");
	char interval[64];

	if (*rate)
		return rate;
	tg_format_duration(ms * 1000000 + 0.5, interval, sizeof(interval));
	snprintf(text, size, "%lld every %s", tg_json_number(limit, "refill_amount"), interval);
	return text;
}
