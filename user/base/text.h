/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Text that others wrote: reading it with a bound, checking that it is text, quoting it in
 * messages. */
#ifndef TG_BASE_TEXT_H
#define TG_BASE_TEXT_H

#include <stddef.h>

/* A place in a file. Both count from 1; columns count characters. {0, 0}: the file as a whole. */
struct tg_location {
	size_t line, column;
};

/*
 * Reads a regular file or a pipe of at most @max bytes. *@text is the caller's to free
 * and has a NUL past *@length. Returns 0 or -errno: -EFBIG when there is more, -EISDIR
 * for a directory, -ENXIO for anything else that is not a file. Never waits for a writer.
 */
int tg_text_read(const char *path, size_t max, char **text, size_t *length);

/*
 * Whether this is UTF-8 without control characters (tab and ends of lines aside).
 * Returns 0, or -EINVAL with the place and what is wrong there in *@why (static).
 */
int tg_text_check(const char *text, size_t length, struct tg_location *place, const char **why);

/* Bytes of the UTF-8 sequence at @text, 1 to 4; 0 when it is malformed or cut off. */
size_t tg_utf8_length(const char *text, size_t left);

/* Where in bytes a @character of UTF-8 text begins; a byte order mark is none. */
size_t tg_text_offset(const char *text, size_t character);

/*
 * Replaces by question marks each byte of what is not UTF-8, and of control characters but tabs and
 * ends of lines, which could move a terminal's cursor or do worse.
 */
void tg_text_force_printable(char *text);

#define TG_QUOTE_SIZE 80

/* @text in double quotes, control characters escaped, its end replaced by "..." if too long. */
const char *tg_text_quote(const char *text, char *quoted, size_t size);

#endif
