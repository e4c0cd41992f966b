/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the rows of `tidegate top` from the daemon's reply, with rates since the reply before. */
#ifndef TG_CLI_TOP_ROWS_H
#define TG_CLI_TOP_ROWS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tg_top_row {
	char source[96]; /* the bucket: its prefix, and what else its key has */
	char limit[64];
	char state[16];
	bool shadow;
	long long exceeded, admitted; /* packets so far */
	long long remaining, capacity;
	double exceeded_rate, admitted_rate; /* packets a second; -1: not known yet */
};

struct tg_top_rows {
	struct tg_top_row *items;
	size_t n;
	uint64_t at; /* ns of the reply, on any clock */
};

enum tg_top_order {
	TG_TOP_EXCEEDED,
	TG_TOP_ADMITTED,
	TG_TOP_EXCEEDED_RATE,
	TG_TOP_ADMITTED_RATE,
	TG_TOP_SOURCE,
};

/*
 * Reads the rows of @answer, the result of `top` at time @at, sorted by source and limit. Rates are
 * since @before, rows of an earlier reply as this function returned them (NULL: none). Returns 0
 * with
 * *@rows, which the caller frees, or -ENOMEM.
 */
int tg_top_rows_read(const json_t *answer, uint64_t at, const struct tg_top_rows *before,
		     struct tg_top_rows **rows);

/* Removes the rows that have @text neither in source nor in limit; case does not matter. */
void tg_top_rows_search(struct tg_top_rows *rows, const char *text);

/* Sorts by @order: the largest number first, sources by name. */
void tg_top_rows_sort(struct tg_top_rows *rows, enum tg_top_order order);

/* Sets *@rows to NULL. NULL-safe. */
void tg_top_rows_free(struct tg_top_rows **rows);

#endif
