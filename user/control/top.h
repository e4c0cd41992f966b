/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The busiest sources. */
#ifndef TG_CONTROL_TOP_H
#define TG_CONTROL_TOP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct tg_datapath;

#define TG_TOP_MAX 10000

/*
 * The @n buckets of @limit (NULL: of all) with the most refused packets, or admitted ones;
 * *@result is a new reference. One walk over the table. Returns 0 or -errno.
 */
int tg_top(struct tg_datapath *datapath, const char *limit, bool by_admitted, size_t n,
	   json_t **result);

#endif
