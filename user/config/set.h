/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes settings of a limit while it is enforced. Values are text, as in the file. */
#ifndef TG_CONFIG_SET_H
#define TG_CONFIG_SET_H

#include "config/config.h"

/* One change. The texts belong to the caller. */
struct tg_setting {
	const char *limit; /* name of the limit; tg_config_set() does not look at it */
	const char *key;   /* capacity, burst, refill_amount, refill_interval, rate, mark_above,
			      max_delay, new_sources, shadow */
	const char *value;
};

/*
 * Makes @n changes of one @limit, all or none. Returns 0, or -EINVAL with @limit unchanged and a
 * sentence in @why, @size bytes, that says what would be right.
 */
int tg_config_set(struct tg_config_limit *limit, const struct tg_setting *settings, size_t n,
		  char *why, size_t size);

/*
 * Set one key, without a check against the rest of the limit. Return 0, or -EINVAL with a sentence
 * in @why.
 */
typedef int tg_set_function(struct tg_config_limit *limit, const char *value, char *why,
			    size_t size);
tg_set_function tg_config_set_mark_above, tg_config_set_max_delay, tg_config_set_new_sources,
	tg_config_set_shadow;

/*
 * Parses a duration from 1ms to @last (ns) to *@ns. @range says this in words, for the error.
 * Returns 0, or -EINVAL with a sentence in @why and *@ns unchanged.
 */
int tg_config_parse_duration(const char *value, uint64_t last, const char *range, uint64_t *ns,
			     char *why, size_t size);

#endif
