/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the busiest sources: the result of `top`. */
#ifndef TG_CONTROL_TOP_H
#define TG_CONTROL_TOP_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

struct tg_datapath;

#define TG_TOP_MAX 10000

/*
 * Finds the @n (1 to TG_TOP_MAX) buckets of @limit (NULL: of all limits) that exceeded most, or
 * with
 * @by_admitted were admitted most, in packets. Walks once over the whole table. Returns 0 with a
 * new reference in *@result (NULL when out of memory), or -errno.
 */
int tg_top(struct tg_datapath *datapath, const char *limit, bool by_admitted, size_t n,
	   json_t **result);

#endif
