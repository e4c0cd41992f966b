/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collects errors and warnings about files, sorts them and prints them. */
#include "config/diagnostics.h"

#include <stdarg.h>
#include <string.h>

#include "base/cleanup.h"

static void keep(struct tg_diagnostics *diagnostics, struct tg_diagnostic *item)
{
	struct tg_diagnostic *grown;

	/* The room doubles, so it is full when n is 0 or a power of two. */
	if ((diagnostics->n & (diagnostics->n - 1)) == 0) {
		size_t room = diagnostics->n ? diagnostics->n * 2 : 1;

		grown = realloc(diagnostics->items, room * sizeof(*grown));
		if (!grown)
			return;
		diagnostics->items = grown;
	}
	diagnostics->items[diagnostics->n++] = *item;
	item->file = item->message = NULL;
}

void tg_diagnose(struct tg_diagnostics *diagnostics, enum tg_severity severity, const char *file,
		 struct tg_location place, const char *format, ...)
{
	struct tg_diagnostic item = {.severity = severity, .place = place};
	va_list args;

	/* Count first: an error whose text cannot be stored must still fail the file. */
	if (severity == TG_ERROR)
		diagnostics->errors++;
	if (diagnostics->n >= TG_DIAGNOSTICS_MAX)
		return;
	va_start(args, format);
	if (vasprintf(&item.message, format, args) < 0)
		item.message = NULL;
	va_end(args);
	item.file = strdup(file);
	if (item.message && item.file)
		keep(diagnostics, &item);
	free(item.message);
	free(item.file);
}

static int compare(const struct tg_diagnostic *a, const struct tg_diagnostic *b)
{
	int order = strcmp(a->file, b->file);

	if (order)
		return order;
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	if (a->place.column != b->place.column)
		return a->place.column < b->place.column ? -1 : 1;
	return 0;
}

/* Insertion sort, because it is stable and the items, at most 1000, are nearly in order. */
void tg_diagnostics_sort(struct tg_diagnostics *diagnostics)
{
	struct tg_diagnostic *items = diagnostics->items;
	size_t i, j;

	for (i = 1; i < diagnostics->n; i++) {
		struct tg_diagnostic item = items[i];

		for (j = i; j > 0 && compare(&items[j - 1], &item) > 0; j--)
			items[j] = items[j - 1];
		items[j] = item;
	}
}

static void print_one(const struct tg_diagnostic *item, FILE *out)
{
	const char *severity = item->severity == TG_ERROR ? "error" : "warning";

	if (item->place.line)
		fprintf(out, "%s:%zu:%zu: %s: %s\n", item->file, item->place.line,
			item->place.column, severity, item->message);
	else
		fprintf(out, "%s: %s: %s\n", item->file, severity, item->message);
}

void tg_diagnostics_print(struct tg_diagnostics *diagnostics, FILE *out)
{
	size_t i, errors = 0;

	tg_diagnostics_sort(diagnostics);
	for (i = 0; i < diagnostics->n; i++) {
		print_one(&diagnostics->items[i], out);
		errors += diagnostics->items[i].severity == TG_ERROR;
	}
	if (errors < diagnostics->errors)
		fprintf(out, "and %zu more errors\n", diagnostics->errors - errors);
}

void tg_diagnostics_clear(struct tg_diagnostics *diagnostics)
{
	size_t i;

	for (i = 0; i < diagnostics->n; i++) {
		free(diagnostics->items[i].file);
		free(diagnostics->items[i].message);
	}
	free(diagnostics->items);
	*diagnostics = (struct tg_diagnostics){0};
}
