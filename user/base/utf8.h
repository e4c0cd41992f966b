/* SPDX-License-Identifier: GPL-2.0-or-later */
/* UTF-8 (RFC 3629). Includes nothing of base/, so that error messages can use it. */
#ifndef TG_BASE_UTF8_H
#define TG_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Returns the bytes of the UTF-8 sequence at @text, 1 to 4; 0 if it is malformed or longer than
 * the @left bytes.
 */
size_t tg_utf8_length(const char *text, size_t left);

/* Returns how many bytes a sequence has that begins with @first; 0 if none does. */
size_t tg_utf8_expected(unsigned char first);

/*
 * Makes @text valid UTF-8: replaces each byte that is not by a question mark. With @cut, an
 * incomplete character at the end goes, because the text was cut there.
 */
void tg_utf8_force(char *text, bool cut);

#endif
