// SPDX-License-Identifier: GPL-2.0-or-later
/* A stream of fopencookie(3) in front of a descriptor. */
#include "cli/terminal.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "base/utf8.h"

#define CHARACTER_MAX 4 /* bytes */

struct guard {
	int fd;
	char cut[CHARACTER_MAX]; /* the beginning of a character, of which the rest comes later */
	size_t cut_n;
	char out[4096];
	size_t n;
};

/* Returns 0 or -errno. */
static int put_out(struct guard *guard)
{
	size_t done = 0, n = guard->n;
	ssize_t written;

	guard->n = 0;
	while (done < n) {
		written = write(guard->fd, guard->out + done, n - done);
		if (written < 0 && errno != EINTR)
			return -errno;
		done += written > 0 ? (size_t)written : 0;
	}
	return 0;
}

static int put_bytes(struct guard *guard, const char *bytes, size_t n)
{
	int error = guard->n + n > sizeof(guard->out) ? put_out(guard) : 0;

	if (error)
		return error;
	memcpy(guard->out + guard->n, bytes, n);
	guard->n += n;
	return 0;
}

/* True if more bytes could complete the character that guard->cut begins. */
static bool is_cut(const struct guard *guard)
{
	size_t i;

	for (i = 1; i < guard->cut_n; i++)
		if ((guard->cut[i] & 0xc0) != 0x80)
			return false;
	return guard->cut_n < tg_utf8_expected(guard->cut[0]);
}

/* Puts the first character of guard->cut, or its escape, out. */
static int put_first(struct guard *guard)
{
	char escape[TG_ESCAPE_SIZE];
	size_t n = tg_text_escape(guard->cut, guard->cut_n, escape);
	bool plain = guard->cut[0] == '\n' || !escape[0];
	int error =
		plain ? put_bytes(guard, guard->cut, n) : put_bytes(guard, escape, strlen(escape));

	memmove(guard->cut, guard->cut + n, guard->cut_n - n);
	guard->cut_n -= n;
	return error;
}

static int take_byte(struct guard *guard, char byte)
{
	int error = 0;

	if (!guard->cut_n && byte >= ' ' && byte < 0x7f)
		return put_bytes(guard, &byte, 1);
	guard->cut[guard->cut_n++] = byte;
	while (guard->cut_n && !error && !is_cut(guard))
		error = put_first(guard);
	return error;
}

/* Returns 0 on error, as fopencookie(3) wants it. */
static ssize_t write_guarded(void *cookie, const char *bytes, size_t size)
{
	struct guard *guard = cookie;
	int error = 0;
	size_t i;

	for (i = 0; i < size && !error; i++)
		error = take_byte(guard, bytes[i]);
	if (!error)
		error = put_out(guard);
	if (!error)
		return (ssize_t)size;
	errno = -error;
	return 0;
}

static int close_guarded(void *cookie)
{
	struct guard *guard = cookie;
	int error = 0;

	while (guard->cut_n && !error)
		error = put_first(guard);
	if (!error)
		error = put_out(guard);
	free(guard);
	errno = -error;
	return error ? EOF : 0;
}

FILE *tg_terminal_stream(int fd)
{
	const cookie_io_functions_t functions = {.write = write_guarded, .close = close_guarded};
	tg_autofree struct guard *guard = calloc(1, sizeof(*guard));
	FILE *stream = guard ? fopencookie(guard, "w", functions) : NULL;

	if (!stream)
		return NULL;
	guard->fd = fd;
	guard = NULL; /* the stream's */
	return stream;
}

int tg_terminal_guard(void)
{
	FILE *out = tg_terminal_stream(STDOUT_FILENO), *error = tg_terminal_stream(STDERR_FILENO);

	if (!out || !error)
		return -ENOMEM;
	setvbuf(out, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, BUFSIZ);
	setvbuf(error, NULL, _IONBF, 0);
	stdout = out;
	stderr = error;
	return 0;
}
