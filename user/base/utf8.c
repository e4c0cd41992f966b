// SPDX-License-Identifier: GPL-2.0-or-later
/* The length of a UTF-8 sequence, and mending of text that is cut or not UTF-8. */
#include "base/utf8.h"

#include <string.h>

size_t tg_utf8_expected(unsigned char first)
{
	if (first < 0x80)
		return 1;
	if (first >= 0xc2 && first <= 0xdf)
		return 2;
	if (first >= 0xe0 && first <= 0xef)
		return 3;
	if (first >= 0xf0 && first <= 0xf4)
		return 4;
	return 0;
}

size_t tg_utf8_length(const char *text, size_t left)
{
	const unsigned char *t = (const unsigned char *)text;
	size_t n, i;

	if (!left)
		return 0;
	n = tg_utf8_expected(t[0]);
	if (n > left)
		return 0;
	for (i = 1; i < n; i++) {
		if ((t[i] & 0xc0) != 0x80)
			return 0;
	}
	/* Overlong forms, surrogates, and beyond U+10FFFF (RFC 3629 section 4). */
	if ((t[0] == 0xe0 && t[1] < 0xa0) || (t[0] == 0xed && t[1] > 0x9f) ||
	    (t[0] == 0xf0 && t[1] < 0x90) || (t[0] == 0xf4 && t[1] > 0x8f))
		return 0;
	return n;
}

void tg_utf8_force(char *text, bool cut)
{
	size_t left = strlen(text), n;

	for (; left; text += n, left -= n) {
		n = tg_utf8_length(text, left);
		if (n)
			continue;
		if (cut && left < tg_utf8_expected(text[0])) {
			*text = '\0';
			return;
		}
		n = 1;
		*text = '?';
	}
}
