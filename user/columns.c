// SPDX-License-Identifier: GPL-2.0-or-later
#include <string.h>

#include "columns.h"

static const char *text_of(const json_t *cell, char *buffer, size_t size)
{
	if (json_is_string(cell))
		return json_string_value(cell);
	snprintf(buffer, size, "%" JSON_INTEGER_FORMAT, json_integer_value(cell));
	return buffer;
}

static int width_of(const json_t *rows, size_t column)
{
	const json_t *row;
	size_t i, length, most = 0;
	char number[24];

	json_array_foreach(rows, i, row)
	{
		length = strlen(text_of(json_array_get(row, column), number, sizeof(number)));
		if (length > most)
			most = length;
	}
	return most;
}

static void print_column(const json_t *rows, const json_t *row, size_t column, FILE *out)
{
	const json_t *last = json_array_get(rows, json_array_size(rows) - 1);
	int width = width_of(rows, column);
	char number[24];
	const char *text = text_of(json_array_get(row, column), number, sizeof(number));

	if (json_is_integer(json_array_get(last, column)))
		fprintf(out, "%*s", width, text);
	else if (column + 1 == json_array_size(row))
		fputs(text, out); /* nothing comes after it */
	else
		fprintf(out, "%-*s", width, text);
}

void tg_columns_print(const json_t *rows, FILE *out)
{
	const json_t *row, *cell;
	size_t i, column;

	json_array_foreach(rows, i, row)
	{
		json_array_foreach(row, column, cell)
		{
			if (column)
				fputc(' ', out);
			print_column(rows, row, column, out);
		}
		fputc('\n', out);
	}
}
