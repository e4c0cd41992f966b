// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes in words how the table is divided among the limits. */
#include <inttypes.h>

#include "config/table_parts.h"
#include "explain/describe.h"

void tg_describe_table(const struct tg_config *config, FILE *out)
{
	const char *each = "each limit", *separator = ": ", *but = "";
	const struct tg_config_limit *limit;
	struct tg_table_division division;
	uint32_t equal = 0;
	size_t i;

	tg_config_divide_table(config, &division);
	fprintf(out, "%" PRIu32 " bucket%s kept at once", config->table_size,
		config->table_size == 1 ? "" : "s");
	for (i = 0; i < config->limits_n; i++) {
		limit = &config->limits[i];
		if (limit->has_table_share) {
			fprintf(out, "%s%" PRIu32 " for %s", separator, division.reserved[i],
				limit->name);
			each = "each other limit";
			separator = ", ";
		} else if (tg_config_has_one_bucket(limit)) {
			but = " but those of everyone";
		} else {
			equal = division.reserved[i];
		}
	}
	if (equal) {
		fprintf(out, "%s%" PRIu32 " for %s%s", separator, equal, each, but);
		separator = ", ";
	}
	if (separator[0] == ',')
		fprintf(out, ", %" PRIu32 " for whoever comes", division.open);
	else
		fputs(", all limits together", out);
}
