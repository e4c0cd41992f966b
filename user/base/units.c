/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Parses and prints durations, sizes and rates. Calculates in integers of 128 bits, so that no
 * value is rounded on its way from the file to the maps.
 */
#include "base/units.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

typedef unsigned __int128 u128;

#define S 1000000000ULL

struct unit {
	const char *name;
	uint64_t factor;
};

/* From the largest down, the order in which the formatter tries them. */
static const struct unit durations[] = {
	{"d", 86400 * S}, {"h", 3600 * S}, {"m", 60 * S}, {"s", S},
	{"ms", 1000000},  {"us", 1000},	   {"ns", 1},	  {NULL, 0},
};

static const struct unit sizes[] = {
	{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}, {"GB", 1000000000},
	{"MB", 1000000},  {"kB", 1000},	    {"B", 1},	      {NULL, 0},
};

static const struct unit bits[] = {
	{"Gbit", 1000000000}, {"Mbit", 1000000}, {"kbit", 1000}, {"bit", 1}, {NULL, 0},
};

/* The times of a rate, in the order in which the formatter tries them. */
static const struct unit periods[] = {
	{"s", S}, {"m", 60 * S}, {"h", 3600 * S}, {"d", 86400 * S}, {NULL, 0},
};

/* A number with decimals: its value is n / scale. */
struct decimal {
	u128 n;
	uint64_t scale;
};

#define DECIMALS_MAX 9

static int parse_fraction(const char **text, struct decimal *decimal)
{
	const char *t = *text, *end = t;
	int i;

	while (isdigit((unsigned char)*end))
		end++;
	if (end == t)
		return -EINVAL;
	*text = end;
	while (end > t && end[-1] == '0')
		end--;
	if (end - t > DECIMALS_MAX)
		return -ERANGE;
	for (i = 0; i < end - t; i++) {
		decimal->n = decimal->n * 10 + (unsigned int)(t[i] - '0');
		decimal->scale *= 10;
	}
	return 0;
}

bool tg_number_is_padded(const char *text)
{
	return text[0] == '0' && isdigit((unsigned char)text[1]);
}

const char *tg_number_hint(const char *text)
{
	return tg_number_is_padded(text) ? " without leading zeros, because octal is not read" : "";
}

/*
 * Parses the number at *@text and moves *@text past it. -ERANGE is returned only after all digits
 * have been read, so that the caller can still find a fault of form.
 */
static int parse_decimal(const char **text, struct decimal *decimal)
{
	const char *t = *text;
	uint64_t whole = 0;
	bool overflow = false;
	int r = 0;

	if (!isdigit((unsigned char)*t) || tg_number_is_padded(t))
		return -EINVAL;
	for (; isdigit((unsigned char)*t); t++) {
		overflow |= __builtin_mul_overflow(whole, 10, &whole);
		overflow |= __builtin_add_overflow(whole, (unsigned int)(*t - '0'), &whole);
	}
	*decimal = (struct decimal){.n = whole, .scale = 1};
	if (*t == '.') {
		t++;
		r = parse_fraction(&t, decimal);
		if (r == -EINVAL)
			return r;
	}
	*text = t;
	return overflow ? -ERANGE : r;
}

static const struct unit *find_unit(const struct unit *units, const char *name, size_t length)
{
	for (; units->name; units++) {
		if (strlen(units->name) == length && memcmp(units->name, name, length) == 0)
			return units;
	}
	return NULL;
}

static int whole_product(const struct decimal *decimal, uint64_t factor, uint64_t *result)
{
	/* n < 2^94 times a factor < 2^47 can overflow; every such product is out of range. */
	u128 product;

	if (__builtin_mul_overflow(decimal->n, (u128)factor, &product))
		return -ERANGE;
	if (product % decimal->scale || product / decimal->scale > UINT64_MAX)
		return -ERANGE;
	*result = (uint64_t)(product / decimal->scale);
	return 0;
}

static int parse_amount(const char *text, const struct unit *units, bool bare, uint64_t *result)
{
	struct decimal decimal;
	const struct unit *unit;
	int r = parse_decimal(&text, &decimal);

	if (r == -EINVAL)
		return r;
	if (*text == '\0' && bare)
		return r ? r : whole_product(&decimal, 1, result);
	unit = find_unit(units, text, strlen(text));
	if (!unit)
		return -EINVAL;
	return r ? r : whole_product(&decimal, unit->factor, result);
}

int tg_parse_duration(const char *text, uint64_t *ns)
{
	return parse_amount(text, durations, false, ns);
}

int tg_parse_size(const char *text, uint64_t *bytes)
{
	return parse_amount(text, sizes, true, bytes);
}

int tg_parse_number(const char *text, uint64_t *number)
{
	struct decimal decimal;
	int r;

	if (text[strspn(text, "0123456789")] != '\0')
		return -EINVAL;
	r = parse_decimal(&text, &decimal);
	if (r)
		return r;
	*number = (uint64_t)decimal.n;
	return 0;
}

int tg_parse_part(const char *text, uint32_t whole, uint32_t *part)
{
	const struct unit percent[] = {{"%", whole / 100}, {NULL, 0}};
	struct decimal decimal;
	uint64_t result;
	int r = parse_decimal(&text, &decimal);

	if (r == -EINVAL || (*text && strcmp(text, percent->name) != 0))
		return -EINVAL;
	if (!r)
		r = whole_product(&decimal, *text ? percent->factor : whole, &result);
	if (r || result > whole)
		return -ERANGE;
	*part = (uint32_t)result;
	return 0;
}

static u128 greatest_divisor(u128 a, u128 b)
{
	while (b) {
		u128 rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

static int reduce(u128 amount, u128 interval, uint64_t *amount_out, uint64_t *interval_out)
{
	u128 divisor;

	if (amount == 0)
		return -ERANGE;
	divisor = greatest_divisor(amount, interval);
	amount /= divisor;
	interval /= divisor;
	if (amount > UINT64_MAX || interval > UINT64_MAX)
		return -ERANGE;
	*amount_out = (uint64_t)amount;
	*interval_out = (uint64_t)interval;
	return 0;
}

int tg_parse_rate(const char *text, enum tg_rate_kind *kind, uint64_t *amount, uint64_t *interval)
{
	const struct unit *unit = NULL, *period;
	struct decimal decimal;
	unsigned int divisor = 1;
	const char *slash;
	int r = parse_decimal(&text, &decimal);

	if (r == -EINVAL)
		return r;
	slash = strchr(text, '/');
	if (!slash)
		return -EINVAL;
	period = find_unit(periods, slash + 1, strlen(slash + 1));
	if (slash != text) {
		unit = find_unit(sizes, text, (size_t)(slash - text));
		if (!unit) {
			unit = find_unit(bits, text, (size_t)(slash - text));
			divisor = 8;
		}
	}
	if (!period || (slash != text && !unit))
		return -EINVAL;
	if (r)
		return r;
	/* n < 2^94, so n * GiB fits in 128 bits. */
	r = reduce(decimal.n * (unit ? unit->factor : 1),
		   (u128)period->factor * divisor * decimal.scale, amount, interval);
	if (r == 0)
		*kind = unit ? TG_RATE_BYTES : TG_RATE_COUNT;
	return r;
}

const char *tg_format_duration(uint64_t ns, char *text, size_t size)
{
	const struct unit *unit = durations;

	while (ns % unit->factor)
		unit++;
	if (ns == 0)
		unit = find_unit(durations, "s", 1);
	snprintf(text, size, "%" PRIu64 "%s", ns / unit->factor, unit->name);
	return text;
}

/* Writes value / divisor a period in one of @units, if that is whole and less than *@least. */
static void try_units(const struct unit *units, u128 value, u128 divisor, const char *period,
		      uint64_t *least, char *best, size_t size)
{
	for (; units->name; units++) {
		u128 whole = value / (divisor * units->factor);

		if (value % (divisor * units->factor) || whole >= *least)
			continue;
		*least = (uint64_t)whole;
		snprintf(best, size, "%" PRIu64 "%s/%s", *least, units->name, period);
	}
}

/*
 * Writes a rate that is whole in no unit, with up to nine decimals, for the shortest period in
 * which it is 1 or more.
 */
static void format_inexact(const char *unit, uint64_t amount, uint64_t interval, char *text,
			   size_t size)
{
	const struct unit *period = periods;
	u128 scaled;
	uint64_t whole, rest;
	int n;

	while (period[1].name && (u128)amount * period->factor < interval)
		period++;
	scaled = (u128)amount * period->factor;
	if (scaled / interval > UINT64_MAX)
		scaled = (u128)UINT64_MAX * interval;
	whole = (uint64_t)(scaled / interval);
	rest = (uint64_t)(scaled % interval * S / interval);
	n = snprintf(text, size, "%" PRIu64 ".%09" PRIu64, whole, rest);
	if (n < 0 || (size_t)n >= size)
		return;
	while (text[n - 1] == '0' && text[n - 2] != '.')
		n--;
	snprintf(text + n, size - (size_t)n, "%s/%s", unit, period->name);
}

const char *tg_format_rate(enum tg_rate_kind kind, uint64_t amount, uint64_t interval, char *text,
			   size_t size)
{
	static const struct unit plain[] = {{"", 1}, {NULL, 0}};
	const struct unit *period;
	uint64_t least = UINT64_MAX;
	char best[64] = "";

	for (period = periods; period->name && *best == '\0'; period++) {
		u128 value = (u128)amount * period->factor;

		if (kind == TG_RATE_COUNT) {
			try_units(plain, value, interval, period->name, &least, best, sizeof(best));
			continue;
		}
		try_units(bits, value * 8, interval, period->name, &least, best, sizeof(best));
		try_units(sizes, value, interval, period->name, &least, best, sizeof(best));
	}
	if (*best == '\0')
		format_inexact(kind == TG_RATE_BYTES ? "B" : "", amount, interval, best,
			       sizeof(best));
	snprintf(text, size, "%s", best);
	return text;
}
