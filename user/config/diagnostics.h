/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wrong with a file, where, and what would be right: collected, then printed together. */
#ifndef TG_CONFIG_DIAGNOSTICS_H
#define TG_CONFIG_DIAGNOSTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/text.h"

enum tg_severity { TG_ERROR, TG_WARNING };

struct tg_diagnostic {
	enum tg_severity severity;
	char *file;
	struct tg_location place;
	char *message; /* "limits[0].capacity: \"ten\" is not ...; write ..." */
};

/* Kept of one file; the rest is counted. */
#define TG_DIAGNOSTICS_MAX 1000

/* Start with all zero. */
struct tg_diagnostics {
	struct tg_diagnostic *items;
	size_t n, errors; /* errors counts also what is beyond the cap on kept items */
};

void tg_diagnose(struct tg_diagnostics *diagnostics, enum tg_severity severity, const char *file,
		 struct tg_location place, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* By file, then place; equal ones keep their order. */
void tg_diagnostics_sort(struct tg_diagnostics *diagnostics);

/* Sorts by file and place, then prints a line each: FILE:LINE:COLUMN: error: MESSAGE */
void tg_diagnostics_print(struct tg_diagnostics *diagnostics, FILE *out);

void tg_diagnostics_clear(struct tg_diagnostics *diagnostics);

#endif
