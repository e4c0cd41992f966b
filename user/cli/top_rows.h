/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rows of `tidegate top`: read from the daemon's answer, with rates since the answer before. */
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
	double exceeded_rate, admitted_rate; /* packets a second; -1 not yet known */
};

struct tg_top_rows {
	struct tg_top_row *items;
	size_t n;
	uint64_t at; /* ns, any clock */
};

enum tg_top_order {
	TG_TOP_EXCEEDED,
	TG_TOP_ADMITTED,
	TG_TOP_EXCEEDED_RATE,
	TG_TOP_ADMITTED_RATE,
	TG_TOP_SOURCE,
};

/*
 * Reads @answer, given at @at, in which @before (NULL: none) tells what there was then. Returns 0
 * or -ENOMEM; *@rows is the caller's.
 */
int tg_top_rows_read(const json_t *answer, uint64_t at, const struct tg_top_rows *before,
		     struct tg_top_rows **rows);

/* Keeps those whose source or limit has @text in it, in any case of letters. */
void tg_top_rows_search(struct tg_top_rows *rows, const char *text);

void tg_top_rows_sort(struct tg_top_rows *rows, enum tg_top_order order);

void tg_top_rows_free(struct tg_top_rows **rows); /* NULL-safe */

#endif
