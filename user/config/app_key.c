// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks limits with per: key, which applications charge: keys about packets are errors there. */
#include "config/reader.h"

static int check_absent(struct tg_reader *reader, const struct tg_yaml *map)
{
	static const char *const keys[] = {"match",	 "prefix",    "mark",
					   "mark_above", "max_delay", "reject"};
	const struct tg_yaml *value;
	size_t i;
	int r = 0;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		value = tg_yaml_get(map, keys[i]);
		if (value)
			r = tg_reader_key_error(
				reader, value,
				"%s has no meaning with per: key, where applications "
				"charge and no packet does; leave it out, or write "
				"per: source",
				keys[i]);
	}
	return r;
}

int tg_check_key(struct tg_reader *reader, const struct tg_yaml *map, struct tg_config_limit *limit)
{
	const struct tg_yaml *unit = tg_yaml_get(map, "unit"),
			     *on_exceed = tg_yaml_get(map, "on_exceed");
	int r;

	if (limit->per != TG_CONFIG_PER_KEY)
		return 0;
	r = check_absent(reader, map);
	if (limit->unit == TG_CONFIG_CONNECTIONS)
		r = tg_reader_error(reader, unit,
				    "with per: key applications say what they charge; write unit: "
				    "packets for requests, or bytes");
	if (limit->action != TG_CONFIG_DROP)
		r = tg_reader_error(
			reader, on_exceed,
			"with per: key what exceeds is refused, and the application may "
			"wait; leave on_exceed out");
	limit->hooks = 0;
	return r;
}
