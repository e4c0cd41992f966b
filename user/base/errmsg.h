/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sentence for the operator that travels with an error code. */
#ifndef TG_BASE_ERRMSG_H
#define TG_BASE_ERRMSG_H

#include <stdarg.h>

#define TG_ERRMSG_SIZE 1024 /* bytes, with the NUL */

/*
 * Writes the sentence to @errmsg, a buffer of the caller of TG_ERRMSG_SIZE bytes; what is longer
 * is cut off between characters, and a byte that is not UTF-8 becomes '?'. Returns @error, an errno
 * of either sign, as a negative number. So a failure is one statement: `return tg_error_set(errmsg,
 * errno, "cannot open %s: %m", path);`
 */
int tg_error_set(char *errmsg, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Writes the sentence as tg_error_set() does. */
void tg_error_format(char *errmsg, const char *format, va_list arguments)
	__attribute__((format(printf, 2, 0)));

#endif
