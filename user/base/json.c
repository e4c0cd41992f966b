// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads members of JSON objects whose type nobody has checked. */
#include "base/json.h"

#include "base/clock.h"

json_int_t tg_json_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const char *tg_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

json_t *tg_json_ms(uint64_t ns)
{
	return ns % NS_PER_MS ? json_real((double)ns / NS_PER_MS) : json_integer(ns / NS_PER_MS);
}
