/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A sentence for the operator that travels with an error code. */
#ifndef TG_BASE_ERRMSG_H
#define TG_BASE_ERRMSG_H

#define TG_ERRMSG_SIZE 1024

/*
 * Writes the sentence to @errmsg (TG_ERRMSG_SIZE bytes) and returns -|@error|, so that
 * a failure is one statement: `return tg_error_set(message, errno, "cannot open %s: %m", path);`
 * (%m takes errno as it was on the call.)
 */
int tg_error_set(char *errmsg, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
