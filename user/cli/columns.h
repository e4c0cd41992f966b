/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints tables by libsmartcols, with the columns that -o chooses and with titles or without. */
#ifndef TG_CLI_COLUMNS_H
#define TG_CLI_COLUMNS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* The columns of a table are an array that ends with one that has no name. */
struct tg_column {
	const char *name;   /* for -o */
	const char *title;  /* the heading */
	unsigned int width; /* characters at least, for tables printed in parts; 0: as needed */
	bool right;	    /* aligned, as numbers are */
	bool extra;	    /* shown only where it is chosen */
};

/* clang-format off */
#define TG_COLUMN(name_, title_, ...) {.name = name_, .title = title_, ##__VA_ARGS__}
/* clang-format on */

/*
 * Whether each name in @chosen is a column of one of @tables, which end with NULL. @chosen has
 * commas between names; case does not matter. If one is not, logs which columns there are.
 */
bool tg_columns_check(const struct tg_column *const *tables, const char *chosen);

/*
 * Prints @rows, an array of rows. A row is an array with a text or whole number for each of
 * @columns, in that order. Shows the columns @chosen, as above, or all that are not extra if it is
 * NULL. Writes control characters and bytes that are not UTF-8 as \x1b. Cuts nothing off to fit a
 * terminal. Returns 0 or -ENOMEM.
 */
int tg_columns_print(const struct tg_column *columns, const json_t *rows, const char *chosen,
		     bool headings, FILE *out);

#endif
