/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads members of a JSON object, and takes what is missing for 0 or "". */
#ifndef TG_BASE_JSON_H
#define TG_BASE_JSON_H

#include <jansson.h>

/* Returns the integer under @key; 0 if it is missing or no integer. */
json_int_t tg_json_number(const json_t *object, const char *key);

/*
 * Returns the string under @key; "" if it is missing or no string. It belongs to @object and lives
 * as long.
 */
const char *tg_json_text(const json_t *object, const char *key);

#endif
