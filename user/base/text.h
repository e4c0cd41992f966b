/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text from outside: reads it up to a bound, checks that it is text, quotes it for messages. */
#ifndef TG_BASE_TEXT_H
#define TG_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* A place in a file. Both count from 1, columns in characters. {0, 0}: the file as a whole. */
struct tg_location {
	size_t line, column;
};

/*
 * Reads a file of at most @max bytes, opened by tg_ownership_open(). *@text gets the contents and a
 * NUL behind them, and the caller frees it; *@length gets the bytes without the NUL. Returns 0, or
 * -errno with a sentence in @errmsg (TG_ERRMSG_SIZE) that names the path: -EFBIG if there is more,
 * else as tg_ownership_open().
 */
int tg_text_read(const char *path, size_t max, char **text, size_t *length, char *errmsg);

/*
 * Checks that @length bytes are UTF-8 without control characters other than tab and line ends.
 * Returns 0, or -EINVAL with the first fault's *@place and a static sentence in *@why.
 */
int tg_text_check(const char *text, size_t length, struct tg_location *place, const char **why);

/*
 * Returns the byte offset at which character number @character begins, from 0; a byte order mark is
 * not counted. @text is valid UTF-8. Stops at the NUL.
 */
size_t tg_text_offset(const char *text, size_t character);

/*
 * Makes @text safe to print on a terminal. Replaces by question marks each byte that is not UTF-8,
 * and each byte of control characters other than tab and line ends.
 */
void tg_text_force_printable(char *text);

#define TG_QUOTE_SIZE 80 /* bytes, with the NUL */

/*
 * Writes @text to @quoted in double quotes. Bytes that are not UTF-8 and control characters become
 * \xNN; what does not fit becomes "...". Returns @quoted. @size: 10 or more.
 */
const char *tg_text_quote(const char *text, char *quoted, size_t size);

#endif
