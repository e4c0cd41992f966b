// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads `table` and the limits' `table_share`, and divides the table among the limits. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "config/reader.h"
#include "config/table_parts.h"

static int read_size(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	uint64_t size;
	int r = tg_read_number(reader, value, 1, TG_TABLE_SIZE_MAX, &size);

	if (r == 0)
		((struct tg_config *)out)->table_size = (uint32_t)size;
	return r;
}

/* Reads a part of the table, of TG_TABLE_WHOLE: "0.1" or "10%". */
static int read_part(struct tg_reader *reader, const struct tg_yaml *value, uint32_t *part)
{
	char quoted[TG_QUOTE_SIZE];
	const char *text;
	int r = tg_read_text(reader, value, &text);

	if (r)
		return r;
	tg_text_quote(text, quoted, sizeof(quoted));
	r = tg_parse_part(text, TG_TABLE_WHOLE, part);
	if (r == -EINVAL)
		return tg_reader_error(reader, value,
				       "%s is no part of the table; write it as 10%% or 0.1%s",
				       quoted, tg_number_hint(text));
	if (r)
		return tg_reader_error(reader, value,
				       "%s is out of range; write 0%% to 100%%, with at most two "
				       "decimals, or 0 to 1, with at most four",
				       quoted);
	return 0;
}

static int read_reserve(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_part(reader, value, &((struct tg_config *)out)->table_reserve);
}

int tg_read_table(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	static const struct tg_key keys[] = {
		{"size", read_size, NULL},
		{"reserve", read_reserve, NULL},
		{NULL, NULL, NULL},
	};

	return tg_read_map(reader, value, keys, out);
}

int tg_read_table_share(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_limit *limit = out;
	int r;

	/* limit_keys has `per` before `table_share`. */
	if (tg_config_has_one_bucket(limit))
		return tg_reader_key_error(reader, value,
					   "table_share has no meaning with per: everyone, whose "
					   "one bucket has its place in any case; leave it out");
	r = read_part(reader, value, &limit->table_share);
	limit->has_table_share = r == 0;
	return r;
}

static void format_percent(uint32_t part, char *text, size_t size)
{
	snprintf(text, size, "%g%%", part * 100.0 / TG_TABLE_WHOLE);
}

void tg_check_table(struct tg_reader *reader, const struct tg_yaml *root)
{
	const struct tg_yaml *limits = tg_yaml_get(root, "limits"), *limit;
	const struct tg_config *config = reader->config;
	char all[32], reserve[32];
	uint32_t sum = 0;
	size_t i = 0;

	if (!limits || limits->kind != TG_YAML_LIST)
		return;
	for (limit = limits->children; limit && i < config->limits_n; limit = limit->next, i++) {
		if (!config->limits[i].has_table_share)
			continue;
		sum += config->limits[i].table_share;
		if (sum <= config->table_reserve)
			continue;
		format_percent(sum, all, sizeof(all));
		format_percent(config->table_reserve, reserve, sizeof(reserve));
		tg_reader_error(reader, tg_yaml_get(limit, "table_share"),
				"with this one the limits' table_shares are %s, and table.reserve, "
				"which they are parts of, is %s of the table; write smaller "
				"shares, or a larger reserve",
				all, reserve);
		return;
	}
}

bool tg_config_has_one_bucket(const struct tg_config_limit *limit)
{
	return limit->per == TG_CONFIG_PER_EVERYONE && !limit->per_port && !limit->per_protocol;
}

static uint32_t part_of(uint32_t places, uint32_t part)
{
	return (uint64_t)places * part / TG_TABLE_WHOLE;
}

void tg_config_divide_table(const struct tg_config *config, struct tg_table_division *division)
{
	uint32_t places = config->table_size, equal = 0, rest, i;
	const struct tg_config_limit *limit;

	memset(division, 0, sizeof(*division));
	for (i = 0; i < config->limits_n; i++)
		if (tg_config_has_one_bucket(&config->limits[i]) && places)
			places -= division->reserved[i] = 1;
	rest = part_of(places, config->table_reserve);
	division->open = places - rest;
	for (i = 0; i < config->limits_n; i++) {
		limit = &config->limits[i];
		equal += !limit->has_table_share && !tg_config_has_one_bucket(limit);
		if (limit->has_table_share)
			rest -= division->reserved[i] = part_of(places, limit->table_share);
	}
	for (i = 0; i < config->limits_n && equal; i++) {
		limit = &config->limits[i];
		if (!limit->has_table_share && !tg_config_has_one_bucket(limit))
			division->reserved[i] = rest / equal;
	}
	division->open += equal ? rest % equal : rest;
}
