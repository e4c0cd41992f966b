// SPDX-License-Identifier: GPL-2.0-or-later
/* Changes settings of a limit in force, and checks that they go with the rest of the limit. */
#include "config/set.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "base/units.h"
#include "base/clock.h"

int tg_config_parse_duration(const char *value, uint64_t last, const char *range, uint64_t *ns,
			     char *why, size_t size)
{
	char quoted[TG_QUOTE_SIZE];
	uint64_t parsed;
	int r = tg_parse_duration(value, &parsed);

	tg_text_quote(value, quoted, sizeof(quoted));
	if (r == -EINVAL)
		snprintf(why, size, "%s is not a duration; write it as 1s, 250ms or 2m%s", quoted,
			 tg_number_hint(value));
	else if (r || parsed < NS_PER_MS || parsed > last)
		snprintf(why, size, "%s is out of range; write %s", quoted, range);
	else
		*ns = parsed;
	return r || parsed < NS_PER_MS || parsed > last ? -EINVAL : 0;
}

int tg_config_set_max_delay(struct tg_config_limit *limit, const char *value, char *why,
			    size_t size)
{
	return tg_config_parse_duration(value, TG_MAX_DELAY_MAX,
					"1ms to 10s, which is as far ahead as the fq qdisc looks",
					&limit->max_delay, why, size);
}

/* Parsed as a capacity, because both are tokens. */
int tg_config_set_mark_above(struct tg_config_limit *limit, const char *value, char *why,
			     size_t size)
{
	struct tg_refill_change change = {};
	int r = tg_config_set_refill(&change, limit->unit, "capacity", value, why, size);

	if (r == 0)
		limit->mark_above = change.refill.capacity;
	return r;
}

int tg_config_set_shadow(struct tg_config_limit *limit, const char *value, char *why, size_t size)
{
	char quoted[TG_QUOTE_SIZE];

	if (strcmp(value, "true") == 0 || strcmp(value, "false") == 0) {
		limit->shadow = *value == 't';
		return 0;
	}
	snprintf(why, size, "%s is not known here; write true or false",
		 tg_text_quote(value, quoted, sizeof(quoted)));
	return -EINVAL;
}

static const struct {
	const char *key;
	tg_set_function *set;
} setters[] = {
	{"mark_above", tg_config_set_mark_above},
	{"max_delay", tg_config_set_max_delay},
	{"new_sources", tg_config_set_new_sources},
	{"shadow", tg_config_set_shadow},
};

/* Makes one setting: of those in @setters in @limit, of the refill in @change. */
static int set_one(struct tg_config_limit *limit, struct tg_refill_change *change,
		   const struct tg_setting *setting, char *why, size_t size)
{
	size_t i;

	for (i = 0; i < sizeof(setters) / sizeof(setters[0]); i++)
		if (strcmp(setters[i].key, setting->key) == 0)
			return setters[i].set(limit, setting->value, why, size);
	return tg_config_set_refill(change, limit->unit, setting->key, setting->value, why, size);
}

/* Checks the settings against the rest of the limit. */
static int check(const struct tg_config_limit *limit, const struct tg_config_limit *before,
		 char *why, size_t size)
{
	if (limit->max_delay && limit->action != TG_CONFIG_DELAY) {
		snprintf(why, size, "max_delay has no meaning without on_exceed: delay");
		return -EINVAL;
	}
	if (limit->mark_above && !before->mark_above && limit->action != TG_CONFIG_MARK) {
		snprintf(why, size, "this limit has no mark to put on what is above mark_above");
		return -EINVAL;
	}
	return tg_config_check_mark_above(limit, why, size);
}

int tg_config_set(struct tg_config_limit *limit, const struct tg_setting *settings, size_t n,
		  char *why, size_t size)
{
	struct tg_refill_change change = {.refill = limit->refill};
	struct tg_config_limit after = *limit;
	size_t i;
	int r = 0;

	for (i = 0; i < n && r == 0; i++)
		r = set_one(&after, &change, &settings[i], why, size);
	if (r == 0)
		r = tg_config_check_refill(&change, why, size);
	after.refill = change.refill;
	if (r == 0)
		r = check(&after, limit, why, size);
	if (r == 0)
		*limit = after;
	return r;
}
