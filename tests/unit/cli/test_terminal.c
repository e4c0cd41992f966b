// SPDX-License-Identifier: GPL-2.0-or-later
/* What the streams of the command line let through, in whatever pieces it comes. */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cli/terminal.h"
#include "test.h"

#define SHOWN_MAX 65536

static int file;
static char shown[SHOWN_MAX];
static size_t known; /* bytes of the file that a test has looked at */

static FILE *open_stream(void)
{
	file = memfd_create("terminal", MFD_CLOEXEC);
	CHECK(file >= 0);
	known = 0;
	return tg_terminal_stream(file);
}

/* Has in `shown` what has come through since the last expect(). */
static void receive(void)
{
	ssize_t got = pread(file, shown, sizeof(shown) - 1, (off_t)known);

	shown[got > 0 ? got : 0] = '\0';
}

static void expect(const char *what, const char *expected)
{
	CHECK(strcmp(shown, expected) == 0, "%s: %s, not %s", what, shown, expected);
	known += strlen(shown);
	shown[0] = '\0';
}

static void close_stream(FILE *stream)
{
	CHECK(fclose(stream) == 0);
	receive();
	close(file);
}

static const char hostile[] = "a\tb\n\x1b]0;title\a\xc2\x9b"
			      "2J\xe2\x80\xae\xff\r\n\xc3\xa9\xf0\x9f\x99\x82\x7f.\n";
static const char safe[] =
	"a\tb\n\\x1b]0;title\\x07\\u009b2J\\u202e\\xff\\x0d\n\xc3\xa9\xf0\x9f\x99\x82\\u007f.\n";

TEST(test_at_once)
{
	FILE *stream = open_stream();

	fputs(hostile, stream);
	close_stream(stream);
	expect("at once", safe);
}

/* Each byte is written alone, and all that is whole comes through at once. */
TEST(test_in_pieces)
{
	FILE *stream = open_stream();
	size_t i;

	setvbuf(stream, NULL, _IONBF, 0);
	for (i = 0; hostile[i]; i++) {
		fputc(hostile[i], stream);
		receive();
		if (hostile[i] == '\n' || hostile[i] == '.')
			CHECK(shown[strlen(shown) - 1] == hostile[i], "byte %zu: %s", i, shown);
	}
	receive();
	expect("in pieces", safe);
	close_stream(stream);
	expect("nothing is left", "");
}

/* A character that never becomes whole keeps nothing back but itself. */
TEST(test_cut)
{
	FILE *stream = open_stream();

	setvbuf(stream, NULL, _IONBF, 0);
	fputs("\xe2\x80", stream);
	receive();
	expect("the beginning of a character", "");
	fputs("\n", stream);
	receive();
	expect("which does not go on", "\\xe2\\x80\n");
	fputs("\xf0\x9f\x99", stream);
	close_stream(stream);
	expect("the end", "\\xf0\\x9f\\x99");
}

/* JSON stays what it says. */
TEST(test_json)
{
	json_t *sent = json_string(
		       "\x1b[0m \x7f \xc2\x9b \xe2\x80\xae \xef\xbf\xbe \"\\\" \xc3\xa9"),
	       *got;
	FILE *stream = open_stream();

	CHECK(json_dumpf(sent, stream, JSON_COMPACT | JSON_ENCODE_ANY) == 0);
	close_stream(stream);
	CHECK(!strpbrk(shown, "\x1b\x7f") && !strstr(shown, "\xc2\x9b"), "%s", shown);
	got = json_loads(shown, JSON_DECODE_ANY, NULL);
	CHECK(json_equal(got, sent), "%s", shown);
	json_decref(got);
	json_decref(sent);
}

TEST(test_long)
{
	FILE *stream = open_stream();
	size_t i, n = 0;

	for (i = 0; i < 10000; i++)
		fputs("\xe2\x80\xae", stream);
	close_stream(stream);
	for (i = 0; strncmp(shown + i, "\\u202e", 6) == 0; i += 6)
		n++;
	CHECK(n == 10000 && !shown[i], "%zu, then \"%.20s\"", n, shown + i);
}

/* An error of the file is one of the stream. */
TEST(test_full)
{
	int fd = open("/dev/full", O_WRONLY);
	FILE *stream = tg_terminal_stream(fd);

	fputs("lost", stream);
	errno = 0;
	CHECK(fflush(stream) == EOF && errno == ENOSPC, "%s", strerror(errno));
	CHECK(ferror(stream));
	fclose(stream);
	close(fd);
}

TEST_MAIN(RUN(test_at_once), RUN(test_in_pieces), RUN(test_cut), RUN(test_json), RUN(test_long),
	  RUN(test_full))
