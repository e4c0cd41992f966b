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

#define TG_ESCAPE_SIZE 8 /* bytes, with the NUL */

/*
 * Looks at the first character of @text, of which @left bytes, 1 or more, are there. Returns its
 * length in bytes. If a terminal only shows it, @escape becomes "". If a terminal would obey it
 * (control characters but tab, ends of lines, changes of the writing direction), or if it is no
 * character, @escape becomes what to show instead: \uNNNN, as in JSON; or \xNN below U+0020 and for
 * a byte that is not UTF-8. All text from outside goes to terminals by this function.
 */
size_t tg_text_escape(const char *text, size_t left, char escape[TG_ESCAPE_SIZE]);

/* Makes @text one line that is safe to show: puts question marks for what tg_text_escape() escapes,
 * one for each byte. */
void tg_text_force_printable(char *text);

#define TG_QUOTE_SIZE 80 /* bytes, with the NUL */

/*
 * Writes @text to @quoted in double quotes, escaped by tg_text_escape(); what does not fit becomes
 * "...". Returns @quoted. @size: 10 or more.
 */
const char *tg_text_quote(const char *text, char *quoted, size_t size);

#endif
