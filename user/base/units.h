/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parses and prints durations, sizes and rates as users write them.
 *
 * Parsers return 0, -EINVAL if @text does not have the form, or -ERANGE if the value is too large
 * or not a whole number of the smallest unit. They leave their outputs unchanged on failure. They
 * take decimals if the result is whole ("1.5s", "2.5Gbit/s"), but no sign, no spaces, and no
 * leading zeros, which YAML 1.1 and some programs read as octal.
 *
 * Formatters write to @text, @size bytes with the NUL, and return @text. What does not fit is cut
 * off; 64 bytes are enough.
 */
#ifndef TG_BASE_UNITS_H
#define TG_BASE_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Returns whether @text begins with a number that has leading zeros: "0100", but not "0.5". */
bool tg_number_is_padded(const char *text);

/* Returns what to add behind "write it as 100" if that is what is wrong with @text; else "". */
const char *tg_number_hint(const char *text);

/* Parses a number with one of ns, us, ms, s, m, h and d. *@ns: nanoseconds. */
int tg_parse_duration(const char *text, uint64_t *ns);

/* Parses a number, alone or with one of B, kB, MB, GB, KiB, MiB and GiB. *@bytes: bytes. */
int tg_parse_size(const char *text, uint64_t *bytes);

/*
 * Parses a part of a whole, "0.1" or "10%". *@part: of @whole, a multiple of 100; from 0 to @whole.
 */
int tg_parse_part(const char *text, uint32_t whole, uint32_t *part);

/* Parses digits, without decimals. */
int tg_parse_number(const char *text, uint64_t *number);

enum tg_rate_kind { TG_RATE_COUNT, TG_RATE_BYTES };

/*
 * Parses "1000/s", "10/m", "5/h" or "1/d" as TG_RATE_COUNT, and "10Mbit/s" or "1MiB/s" as
 * TG_RATE_BYTES. The rate is *@amount, a count or bytes, in each *@interval ns, in lowest terms.
 */
int tg_parse_rate(const char *text, enum tg_rate_kind *kind, uint64_t *amount, uint64_t *interval);

/* Writes a duration in the largest unit in which it is whole: "1500ms", "1m". */
const char *tg_format_duration(uint64_t ns, char *text, size_t size);

/*
 * Writes a rate in the form that tg_parse_rate() takes. A rate that is whole in no unit gets nine
 * decimals, rounded down.
 */
const char *tg_format_rate(enum tg_rate_kind kind, uint64_t amount, uint64_t interval, char *text,
			   size_t size);

#endif
