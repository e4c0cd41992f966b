/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Errors and warnings about a file, with their places: collected, then printed together. */
#ifndef TG_CONFIG_DIAGNOSTICS_H
#define TG_CONFIG_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/text.h"

enum tg_severity { TG_ERROR, TG_WARNING };

/* Owned by the list it is in. */
struct tg_diagnostic {
	enum tg_severity severity;
	char *file;
	struct tg_location place;
	char *message; /* "limits[0].capacity: \"ten\" is not ...; write ..." */
};

#define TG_DIAGNOSTICS_MAX 1000 /* that are kept; further errors are only counted */

/* All zero is the empty list. Free it with tg_diagnostics_clear(). */
struct tg_diagnostics {
	struct tg_diagnostic *items;
	size_t n;
	size_t errors; /* all of them, also those that are not kept */
};

/*
 * Adds an error or warning at @place of @file; {0, 0} is the file as a whole. Copies @file and the
 * text. If memory is short the text is lost, but an error is still counted.
 */
void tg_diagnose(struct tg_diagnostics *diagnostics, enum tg_severity severity, const char *file,
		 struct tg_location place, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* Sorts by file, then place. What is at the same place keeps its order. */
void tg_diagnostics_sort(struct tg_diagnostics *diagnostics);

/*
 * Sorts, and prints one line for each: "FILE:LINE:COLUMN: error: MESSAGE". LINE and COLUMN are left
 * out for the file as a whole. Ends with the number of errors that were not kept, if any.
 */
void tg_diagnostics_print(struct tg_diagnostics *diagnostics, FILE *out);

/* Frees the items and leaves the empty list. */
void tg_diagnostics_clear(struct tg_diagnostics *diagnostics);

#endif
