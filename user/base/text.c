/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads, checks and quotes text from files and from the command line. */
#include "base/text.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/errmsg.h"
#include "base/ownership.h"
#include "base/utf8.h"

int tg_text_read(const char *path, size_t max, char **text, size_t *length, char *errmsg)
{
	tg_autofree char *buffer = NULL;
	tg_autoclose int fd = tg_ownership_open(path, errmsg);
	size_t n = 0, room = 0;
	ssize_t got;

	if (fd < 0)
		return fd;
	for (;;) {
		/* Room for one byte more than @max shows that there is more. */
		if (n + 1 >= room) {
			char *grown;

			room = room ? room * 2 : 4096;
			grown = realloc(buffer, room);
			if (!grown)
				return tg_error_set(errmsg, ENOMEM, "out of memory");
			buffer = grown;
		}
		got = read(fd, buffer + n, room - n - 1);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return tg_error_set(errmsg, errno, "%s: %s", path, strerror(errno));
		if (got == 0)
			break;
		n += (size_t)got;
		if (n > max)
			return tg_error_set(errmsg, EFBIG, "%s has more than %zu bytes", path, max);
	}
	buffer[n] = '\0';
	*text = TAKE_PTR(buffer);
	*length = n;
	return 0;
}

size_t tg_text_offset(const char *text, size_t character)
{
	const char *at = text;

	if (strncmp(at, "\xef\xbb\xbf", 3) == 0)
		at += 3;
	while (character-- && *at)
		at += tg_utf8_length(at, strnlen(at, 4));
	return at - text;
}

/*
 * Returns what is wrong with the character at @text, of @n bytes (0: not UTF-8), or NULL. YAML
 * allows no more than this (YAML 1.1 section 4.1.1), so that libyaml never meets it.
 */
static const char *find_fault(const char *text, size_t n)
{
	const unsigned char *t = (const unsigned char *)text;

	if (n == 0)
		return "this byte is not UTF-8; save the file as UTF-8 text";
	if (t[0] == '\0')
		return "this is a NUL byte; the file must be text";
	if ((t[0] < ' ' && t[0] != '\t' && t[0] != '\n' && t[0] != '\r') || t[0] == 0x7f)
		return "this is a control character; the file must be text";
	if (t[0] == 0xc2 && t[1] < 0xa0 && t[1] != 0x85)
		return "this is a control character; the file must be text";
	if (t[0] == 0xef && t[1] == 0xbf && t[2] >= 0xbe)
		return "this is not a character (U+FFFE or U+FFFF)";
	return NULL;
}

/* Returns the number of the character of @n bytes, 1 to 4, at @text. */
static uint32_t number_of(const char *text, size_t n)
{
	const unsigned char *t = (const unsigned char *)text;
	uint32_t number = n == 1 ? t[0] : t[0] & (0x7f >> n);
	size_t i;

	for (i = 1; i < n; i++)
		number = number << 6 | (t[i] & 0x3f);
	return number;
}

/*
 * Whether a terminal does anything else than to show the character: control characters, ends of
 * lines, those that turn the order of what follows around (Unicode's Bidi_Control), and what is no
 * character.
 */
static bool is_unsafe(uint32_t number)
{
	if (number < ' ')
		return number != '\t';
	return (number >= 0x7f && number < 0xa0) || number == 0x061c ||
	       (number >= 0x200e && number <= 0x200f) || (number >= 0x2028 && number <= 0x202e) ||
	       (number >= 0x2066 && number <= 0x2069) || (number & 0xfffe) == 0xfffe;
}

size_t tg_text_escape(const char *text, size_t left, char escape[TG_ESCAPE_SIZE])
{
	size_t n = tg_utf8_length(text, left);
	uint32_t number = number_of(text, n ? n : 1);

	escape[0] = '\0';
	if (!n || (number < ' ' && is_unsafe(number)))
		snprintf(escape, TG_ESCAPE_SIZE, "\\x%02x", (unsigned char)*text);
	else if (number > 0xffff && is_unsafe(number))
		strcpy(escape, "\\ufffd");
	else if (is_unsafe(number))
		snprintf(escape, TG_ESCAPE_SIZE, "\\u%04x", (unsigned int)number & 0xffff);
	return n ? n : 1;
}

void tg_text_force_printable(char *text)
{
	char escape[TG_ESCAPE_SIZE];
	size_t n;

	for (; *text; text += n) {
		n = tg_text_escape(text, strlen(text), escape);
		if (escape[0])
			memset(text, '?', n);
	}
}

int tg_text_check(const char *text, size_t length, struct tg_location *place, const char **why)
{
	struct tg_location at = {1, 1};
	size_t i = 0;

	while (i < length) {
		size_t n = tg_utf8_length(text + i, length - i);
		const char *fault = find_fault(text + i, n);

		if (fault) {
			*place = at;
			*why = fault;
			return -EINVAL;
		}
		at.column++;
		if (text[i] == '\n' ||
		    (text[i] == '\r' && !(i + 1 < length && text[i + 1] == '\n'))) {
			at.line++;
			at.column = 1;
		}
		i += n;
	}
	return 0;
}

const char *tg_text_quote(const char *text, char *quoted, size_t size)
{
	size_t left = strlen(text), at = 0, n, length;
	char escape[TG_ESCAPE_SIZE];

	quoted[at++] = '"';
	while (left) {
		n = tg_text_escape(text, left, escape);
		length = escape[0] ? strlen(escape) : n;
		/* Room for a character of 4 bytes, "...", the closing quote and the NUL (5). */
		if (at + (length > 4 ? length : 4) + 5 > size) {
			memcpy(quoted + at, "...", 3);
			at += 3;
			break;
		}
		memcpy(quoted + at, escape[0] ? escape : text, length);
		at += length;
		text += n;
		left -= n;
	}
	quoted[at++] = '"';
	quoted[at] = '\0';
	return quoted;
}
