// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads members of JSON objects whose type nobody has checked. */
#include "base/json.h"

json_int_t tg_json_number(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

const char *tg_json_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}
