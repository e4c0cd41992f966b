/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads members of JSON objects, with 0 or "" for what is missing, and writes times. */
#ifndef TG_BASE_JSON_H
#define TG_BASE_JSON_H

#include <jansson.h>
#include <stdint.h>

/* Returns the integer under @key; 0 if it is missing or no integer. */
json_int_t tg_json_number(const json_t *object, const char *key);

/*
 * Returns the string under @key; "" if it is missing or no string. It belongs to @object and lives
 * as long.
 */
const char *tg_json_text(const json_t *object, const char *key);

/* Returns @ns in ms: an integer for whole ms, else a real. NULL: out of memory. */
json_t *tg_json_ms(uint64_t ns);

#endif
