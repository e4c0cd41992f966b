/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operator should look at now. */
#ifndef TG_CONTROL_HEALTH_H
#define TG_CONTROL_HEALTH_H

#include <jansson.h>

struct tg_daemon;
struct tg_stats;

/* A sentence for each thing that is not as it should be, gravest first; empty when all is well. */
json_t *tg_health_problems(const struct tg_stats *stats, const struct tg_daemon *daemon);

/* "ok", or the sentences in one line. */
json_t *tg_health_line(const json_t *problems);

#endif
