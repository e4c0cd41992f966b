/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TG_UNIT_VALUES_H
#define TG_UNIT_VALUES_H

#include "config/config.h"
#include "test.h"

/* "6 17 20-22"; NULL: no condition. */
static inline void check_values(const struct tg_config_limit *limit, enum tg_field field,
				const char *wanted)
{
	const struct tg_values *values = &limit->match->fields[field];
	unsigned int first = 0, last;
	char text[256] = "";
	size_t n = 0;

	CHECK(values->given == (wanted != NULL), "field %d of %s", field, limit->name);
	if (!wanted || !values->given)
		return;
	for (; tg_values_next(values, &first, &last) && n < sizeof(text) - 16; first = last + 1)
		n += sprintf(text + n, first == last ? "%s%u" : "%s%u-%u", n ? " " : "", first,
			     last);
	CHECK(strcmp(text, wanted) == 0, "field %d of %s: %s, want %s", field, limit->name, text,
	      wanted);
}

#endif
