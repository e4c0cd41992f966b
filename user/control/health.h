/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds what an operator should look at now: "problems" and "health" of the status. */
#ifndef TG_CONTROL_HEALTH_H
#define TG_CONTROL_HEALTH_H

#include <jansson.h>

struct tg_daemon;
struct tg_stats;

/* Returns a new array with a sentence for each problem, the gravest first; empty if all is well,
 * NULL when out of memory. */
json_t *tg_health_problems(const struct tg_stats *stats, const struct tg_daemon *daemon);

/* Returns a new text: "ok", or the sentences of @problems with "; " between them. NULL when out of
 * memory. */
json_t *tg_health_line(const json_t *problems);

#endif
