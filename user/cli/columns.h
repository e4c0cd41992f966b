/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints tables by libsmartcols, with the columns that -o chooses, and without titles if wanted. */
#ifndef TG_CLI_COLUMNS_H
#define TG_CLI_COLUMNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* A table's columns are an array that ends with one that has no name. */
struct tg_column {
	const char *name;   /* for -o */
	const char *title;  /* the heading */
	unsigned int width; /* characters at least, where rows are printed in parts; 0: as needed */
	bool right;	    /* numbers stand on the right */
	bool extra;	    /* shown only where it is chosen */
};

/* clang-format off */
#define TG_COLUMN(name_, title_, ...) {.name = name_, .title = title_, ##__VA_ARGS__}
/* clang-format on */

/*
 * Whether @chosen, names with commas between them in any case of letters, are all of columns of
 * @tables (ends with NULL). If not, logs which there are.
 */
bool tg_columns_check(const struct tg_column *const *tables, const char *chosen);

/*
 * Prints @rows: arrays of texts and whole numbers, one for each of @columns, in that order. @chosen
 * as above; NULL: all columns that are not extra. Control characters and what is not UTF-8 are
 * printed as \x1b. Nothing is cut off to fit a terminal. Returns 0 or -ENOMEM.
 */
int tg_columns_print(const struct tg_column *columns, const json_t *rows, const char *chosen,
		     bool headings, FILE *out);

#endif
