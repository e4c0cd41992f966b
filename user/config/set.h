/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of a limit that can be changed while it holds, from the text that the file would have.
 */
#ifndef TG_CONFIG_SET_H
#define TG_CONFIG_SET_H

#include "config/config.h"

struct tg_setting {
	const char *limit; /* its name */
	const char *key;   /* capacity, burst, refill_amount, refill_interval, rate, mark_above,
			      max_delay, new_sources, shadow */
	const char *value;
};

/*
 * Makes @n changes of one @limit, all or none. Returns 0, or -EINVAL with a sentence in @why,
 * which says what would be right.
 */
int tg_config_set(struct tg_config_limit *limit, const struct tg_setting *settings, size_t n,
		  char *why, size_t size);

/* Single ones, of which it is not looked at whether they go with the rest of the limit. */
typedef int tg_set_function(struct tg_config_limit *limit, const char *value, char *why,
			    size_t size);
tg_set_function tg_config_set_mark_above, tg_config_set_max_delay, tg_config_set_new_sources,
	tg_config_set_shadow;

/* A duration from 1ms to @last, which is described by @range. */
int tg_config_parse_duration(const char *value, uint64_t last, const char *range, uint64_t *ns,
			     char *why, size_t size);

#endif
