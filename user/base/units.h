/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Durations, sizes and rates as users write them, to numbers and back.
 * Parsers return 0, or -EINVAL (not of the form) or -ERANGE (too large or below the
 * smallest step), and leave the output untouched on failure. Decimals are taken
 * where the result is whole ("1.5s", "2.5Gbit/s"). No sign, no spaces.
 */
#ifndef TG_BASE_UNITS_H
#define TG_BASE_UNITS_H

#include <stddef.h>
#include <stdint.h>

/* ns us ms s m h d -> ns */
int tg_parse_duration(const char *text, uint64_t *ns);

/* a bare number, or B kB MB GB KiB MiB GiB -> bytes */
int tg_parse_size(const char *text, uint64_t *bytes);

/* digits only */
int tg_parse_number(const char *text, uint64_t *number);

enum tg_rate_kind { TG_RATE_COUNT, TG_RATE_BYTES };

/*
 * "1000/s", "10/m", "5/h", "1/d" (count); "10Mbit/s", "1MiB/s" (bytes; bits are eighths).
 * The rate is *amount tokens in each *interval ns, reduced to lowest terms.
 */
int tg_parse_rate(const char *text, enum tg_rate_kind *kind, uint64_t *amount, uint64_t *interval);

/* The shortest exact form: 1500ms -> "1500ms", 60s -> "1m". */
const char *tg_format_duration(uint64_t ns, char *text, size_t size);

/* A rate in the form that tg_parse_rate takes, exact where it can be written. */
const char *tg_format_rate(enum tg_rate_kind kind, uint64_t amount, uint64_t interval, char *text,
			   size_t size);

#endif
