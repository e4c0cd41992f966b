/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages to stderr, as text or as one JSON object a line. */
#ifndef TG_BASE_LOG_H
#define TG_BASE_LOG_H

#include <stdarg.h>

enum tg_log_level { TG_LOG_ERROR, TG_LOG_WARNING, TG_LOG_INFO, TG_LOG_DEBUG };
enum tg_log_format { TG_LOG_TEXT, TG_LOG_JSON };

void tg_log_setup(const char *program, enum tg_log_level level, enum tg_log_format format);

void tg_log(enum tg_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Logs the message with the text of @error (an errno, either sign) and returns it
 * negative: `return tg_log_errno(errno, "attach to %s", name);`
 */
int tg_log_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
