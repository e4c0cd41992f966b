/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parses and checks the refill settings of a limit, for the file and for `tidegate set`. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "config/config.h"
#include "config/names.h"
#include "base/text.h"
#include "base/units.h"
#include "base/clock.h"

typedef unsigned __int128 u128;

/* Where the sentence of an error goes. */
struct why {
	char *text;
	size_t size;
	char quoted[TG_QUOTE_SIZE]; /* the value, for the sentence */
};

__attribute__((format(printf, 2, 3))) static int refuse(struct why *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why->text, why->size, format, args);
	va_end(args);
	return -EINVAL;
}

static int parse_tokens(enum tg_config_unit unit, const char *value, uint64_t *tokens,
			struct why *why)
{
	const char *counted = tg_unit_name(unit);
	uint64_t parsed;
	int r = unit == TG_CONFIG_BYTES ? tg_parse_size(value, &parsed)
					: tg_parse_number(value, &parsed);

	if (r == -EINVAL && unit == TG_CONFIG_BYTES)
		return refuse(why, "%s is not a size; write it as 1500, 64KiB or 10MB%s",
			      why->quoted, tg_number_hint(value));
	if (r == -EINVAL && tg_parse_size(value, &parsed) != -EINVAL)
		return refuse(why,
			      "%s is not a number of %s; write it as 100, or write unit: bytes",
			      why->quoted, counted);
	if (r == -EINVAL)
		return refuse(why, "%s is not a number of %s; write it as 100%s", why->quoted,
			      counted, tg_number_hint(value));
	if (r || parsed < 1 || parsed > TG_CAPACITY_MAX)
		return refuse(why, "%s is out of range; write a whole number from 1 to %llu",
			      why->quoted, TG_CAPACITY_MAX);
	*tokens = parsed;
	return 0;
}

static int parse_interval(const char *value, uint64_t *interval, struct why *why)
{
	uint64_t parsed;
	int r = tg_parse_duration(value, &parsed);

	if (r == -EINVAL)
		return refuse(why, "%s is not a duration; write it as 1s, 250ms or 2m%s",
			      why->quoted, tg_number_hint(value));
	if (r || parsed < TG_INTERVAL_MIN || parsed > TG_REFILL_TIME_MAX_S * NS_PER_S)
		return refuse(why, "%s is out of range; write 1us to 1461d, in whole nanoseconds",
			      why->quoted);
	*interval = parsed;
	return 0;
}

static int set_rate(struct tg_refill_change *change, enum tg_config_unit unit, const char *value,
		    struct why *why)
{
	enum tg_rate_kind kind;
	uint64_t amount, interval;
	int r = tg_parse_rate(value, &kind, &amount, &interval);

	if (r == -EINVAL && unit == TG_CONFIG_BYTES)
		return refuse(why, "%s is not a rate; write it as 10Mbit/s or 1MiB/s%s",
			      why->quoted, tg_number_hint(value));
	if (r == -EINVAL)
		return refuse(why, "%s is not a rate; write it as 1000/s, 10/m or 5/h%s",
			      why->quoted, tg_number_hint(value));
	if (r)
		return refuse(why, "%s is out of range; write more than 0 and at most %llu/s",
			      why->quoted, TG_RATE_MAX);
	if (kind == TG_RATE_BYTES && unit != TG_CONFIG_BYTES)
		return refuse(why,
			      "%s counts bytes, and the unit of this limit is %s; write it as "
			      "1000/s, or write unit: bytes",
			      why->quoted, tg_unit_name(unit));
	if (kind == TG_RATE_COUNT && unit == TG_CONFIG_BYTES)
		return refuse(why,
			      "%s counts packets, and the unit of this limit is bytes; write it "
			      "as 10Mbit/s or 1MiB/s, or write unit: packets",
			      why->quoted);
	change->refill.amount = amount;
	change->refill.interval = interval;
	change->refill.continuous = true;
	change->set_rate = true;
	return 0;
}

int tg_config_set_refill(struct tg_refill_change *change, enum tg_config_unit unit, const char *key,
			 const char *value, char *why_text, size_t why_size)
{
	struct why why = {.text = why_text, .size = why_size};
	int r;

	tg_text_quote(value, why.quoted, sizeof(why.quoted));
	if (strcmp(key, "capacity") == 0 || strcmp(key, "burst") == 0)
		return parse_tokens(unit, value, &change->refill.capacity, &why);
	if (strcmp(key, "rate") == 0)
		return set_rate(change, unit, value, &why);
	if (strcmp(key, "refill_amount") == 0) {
		r = parse_tokens(unit, value, &change->refill.amount, &why);
		change->set_amount |= r == 0;
	} else if (strcmp(key, "refill_interval") == 0) {
		r = parse_interval(value, &change->refill.interval, &why);
		change->set_interval |= r == 0;
	} else {
		tg_text_quote(key, why.quoted, sizeof(why.quoted));
		return refuse(&why,
			      "%s cannot be set while a limit holds; what can is capacity, burst, "
			      "refill_amount, refill_interval, rate, mark_above, max_delay, "
			      "new_sources and shadow; anything else is for the file, and apply",
			      why.quoted);
	}
	if (change->set_amount && change->set_interval && !change->set_rate)
		change->refill.continuous = false;
	return r;
}

int tg_config_check_refill(const struct tg_refill_change *change, char *why_text, size_t why_size)
{
	struct why why = {.text = why_text, .size = why_size};
	const struct tg_refill *refill = &change->refill;

	if (change->set_rate && (change->set_amount || change->set_interval))
		return refuse(&why, "rate excludes refill_amount and refill_interval; write one "
				    "form or the other");
	if (refill->continuous && change->set_amount != change->set_interval)
		return refuse(&why,
			      "this limit refills continuously (rate); write both refill_amount "
			      "and refill_interval to change that, or write rate");
	if (!refill->capacity || !refill->amount || !refill->interval)
		return refuse(&why, "capacity and refill must be more than nothing");
	if ((u128)refill->amount * NS_PER_S > (u128)TG_RATE_MAX * refill->interval)
		return refuse(&why,
			      "the refill is faster than %llu a second, the most there is; write "
			      "less",
			      TG_RATE_MAX);
	if (refill->continuous && (u128)refill->capacity * refill->interval >
					  (u128)TG_REFILL_TIME_MAX_S * NS_PER_S * refill->amount)
		return refuse(&why, "an empty bucket would need more than four years (1461 days) "
				    "to fill; write a smaller capacity or a higher rate");
	return 0;
}
