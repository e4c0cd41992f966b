/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands in a JSON object. */
#ifndef TG_BASE_JSON_H
#define TG_BASE_JSON_H

#include <jansson.h>

/* The value of @key: 0 or "" if it is missing or of another type. The text is @object's. */
json_int_t tg_json_number(const json_t *object, const char *key);
const char *tg_json_text(const json_t *object, const char *key);

#endif
