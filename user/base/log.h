/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Log messages to stderr, as text or as JSON, one object a line. */
#ifndef TG_BASE_LOG_H
#define TG_BASE_LOG_H

#include <stdarg.h>

enum tg_log_level { TG_LOG_ERROR, TG_LOG_WARNING, TG_LOG_INFO, TG_LOG_DEBUG };
enum tg_log_format { TG_LOG_TEXT, TG_LOG_JSON };

/*
 * Sets the name in front of messages, the least important level that is written, and the form.
 * @program is not copied and must stay. Without a call: "tidegate", TG_LOG_INFO, TG_LOG_TEXT.
 * Text to the journal has a priority in place of the name and the level.
 */
void tg_log_setup(const char *program, enum tg_log_level level, enum tg_log_format format);

/*
 * Writes a message as one line, of at most 1023 bytes before escaping. Control characters become
 * question marks in text and are escaped in JSON. Keeps errno. Cannot fail.
 */
void tg_log(enum tg_log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/*
 * Logs the message, ": " and the text of @error, an errno of either sign, at TG_LOG_ERROR. Returns
 * @error as a negative number, or -EIO if it is 0: `return tg_log_errno(errno, "attach to %s",
 * name);`
 */
int tg_log_errno(int error, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
