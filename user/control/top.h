/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The requests that walk over the table: `top`, the busiest sources, and `why`. */
#ifndef TG_CONTROL_TOP_H
#define TG_CONTROL_TOP_H

#include "control/walks.h"

#define TG_TOP_MAX 10000

/*
 * tg_walk_top: "limit": NAME (all), "by": "exceeded" (default) or "admitted", "n": 1 to TG_TOP_MAX
 * (20). Result: tg_report_top(). tg_walk_why: "address" or "key": TEXT. Result: tg_report_why() or
 * tg_report_why_key().
 */
extern const struct tg_walk_kind tg_walk_top, tg_walk_why;

#endif
