// SPDX-License-Identifier: GPL-2.0-or-later
/* Chooses columns by name, and fills a table of libsmartcols. */
#include "cli/columns.h"

#include <errno.h>
#include <libsmartcols.h>
#include <locale.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

/* Returns the index in @columns of the name of @length bytes; -1 if it is none of them. */
static int find(const struct tg_column *columns, const char *name, size_t length)
{
	int i;

	for (i = 0; columns[i].name; i++)
		if (strlen(columns[i].name) == length &&
		    strncasecmp(columns[i].name, name, length) == 0)
			return i;
	return -1;
}

/*
 * Returns the index of the next column to print, -1 at the end. *@at begins at 0: it counts bytes
 * of
 * @chosen, or columns if @chosen is NULL. Passes over names of another table's columns.
 */
static int next_column(const struct tg_column *columns, const char *chosen, size_t *at)
{
	size_t length;
	int found;

	while (chosen && chosen[*at]) {
		length = strcspn(chosen + *at, ",");
		found = find(columns, chosen + *at, length);
		*at += length + (chosen[*at + length] == ',');
		if (found >= 0)
			return found;
	}
	if (chosen)
		return -1;
	while (columns[*at].name && columns[*at].extra)
		(*at)++;
	return columns[*at].name ? (int)(*at)++ : -1;
}

static bool is_known(const struct tg_column *const *tables, const char *name, size_t length)
{
	for (; *tables; tables++)
		if (find(*tables, name, length) >= 0)
			return true;
	return false;
}

static void say_unknown(const struct tg_column *const *tables, const char *name, size_t length)
{
	const struct tg_column *column;
	char names[512] = "";
	size_t at = 0;

	for (; *tables; tables++)
		for (column = *tables; column->name && at < sizeof(names); column++)
			at += snprintf(names + at, sizeof(names) - at, "%s%s", at ? ", " : "",
				       column->name);
	tg_log(TG_LOG_ERROR, "-o: there is no column \"%.*s\"; there are %s", (int)length, name,
	       names);
}

bool tg_columns_check(const struct tg_column *const *tables, const char *chosen)
{
	size_t length;

	for (;; chosen += length + 1) {
		length = strcspn(chosen, ",");
		if (!is_known(tables, chosen, length)) {
			say_unknown(tables, chosen, length);
			return false;
		}
		if (!chosen[length])
			return true;
	}
}

static void unref(struct libscols_table **table)
{
	scols_unref_table(*table);
}

/*
 * Gives the columns no names and a strict width, because the library would print a column that is
 * empty, or narrower than its name, in less than its width. Returns 0 or -ENOMEM.
 */
static int add_columns(struct libscols_table *table, const struct tg_column *columns,
		       const char *chosen)
{
	size_t at = 0;
	int i, flags;

	while ((i = next_column(columns, chosen, &at)) >= 0) {
		flags = columns[i].right ? SCOLS_FL_RIGHT : 0;
		if (columns[i].width)
			flags |= SCOLS_FL_STRICTWIDTH;
		if (!scols_table_new_column(table, "", columns[i].width, flags))
			return -ENOMEM;
	}
	return 0;
}

/* Adds @row, or the titles if it is NULL. Returns 0 or -ENOMEM. */
static int add_line(struct libscols_table *table, const struct tg_column *columns,
		    const char *chosen, const json_t *row)
{
	struct libscols_line *line = scols_table_new_line(table, NULL);
	const char *text;
	const json_t *cell;
	char number[24];
	size_t at = 0, n;
	int i;

	if (!line)
		return -ENOMEM;
	for (n = 0; (i = next_column(columns, chosen, &at)) >= 0; n++) {
		cell = json_array_get(row, i);
		text = row ? json_string_value(cell) : columns[i].title;
		if (json_is_integer(cell)) {
			snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
				 json_integer_value(cell));
			text = number;
		}
		if (scols_line_set_data(line, n, text))
			return -ENOMEM;
	}
	return 0;
}

int tg_columns_print(const struct tg_column *columns, const json_t *rows, const char *chosen,
		     bool headings, FILE *out)
{
	tg_cleanup(unref) struct libscols_table *table = scols_new_table();
	const json_t *row;
	size_t i;
	int error = table ? add_columns(table, columns, chosen) : -ENOMEM;

	/* Adds the titles as a line, because the library prints none over an empty table. */
	if (!error && headings)
		error = add_line(table, columns, chosen, NULL);
	json_array_foreach(rows, i, row)
	{
		if (!error)
			error = add_line(table, columns, chosen, row);
	}
	if (error || !scols_table_get_ncols(table) || !scols_table_get_nlines(table))
		return error;
	/* The library escapes what the locale does not have, and tidegate prints UTF-8. */
	setlocale(LC_CTYPE, "C.UTF-8");
	scols_table_set_stream(table, out);
	scols_table_enable_noheadings(table, 1);
	scols_table_enable_minout(table, 1);
	scols_table_set_termforce(table, SCOLS_TERMFORCE_NEVER);
	return scols_print_table(table) ? -ENOMEM : 0;
}
