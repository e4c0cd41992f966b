/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Writes log messages to stderr, in the form that a terminal, the journal or a collector takes. */
#include "base/log.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "base/text.h"
#include "base/utf8.h"

#define MESSAGE_SIZE 1024

/* By level. The journal reads the priority from a prefix such as <3>, see sd-daemon(3). */
static const int level_priorities[] = {LOG_ERR, LOG_WARNING, LOG_INFO, LOG_DEBUG};
static const char *const level_names[] = {"error", "warning", "info", "debug"};

static struct {
	const char *program;
	enum tg_log_level level;
	enum tg_log_format format;
	bool journal;
} setup = {"tidegate", TG_LOG_INFO, TG_LOG_TEXT, false};

/* Whether stderr goes to the journal: JOURNAL_STREAM has its device and inode, systemd.exec(5). */
static bool is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat status;

	return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
	       fstat(STDERR_FILENO, &status) == 0 && status.st_dev == device &&
	       status.st_ino == inode;
}

void tg_log_setup(const char *program, enum tg_log_level level, enum tg_log_format format)
{
	setup.program = program;
	setup.level = level;
	setup.format = format;
	setup.journal = is_journal();
}

/*
 * Not with a library, because it must work when memory is short and with text that is not UTF-8.
 * Each byte that is not UTF-8 becomes U+FFFD.
 */
static void put_json_string(FILE *out, const char *text)
{
	size_t left = strlen(text);
	char escape[TG_ESCAPE_SIZE];

	fputc('"', out);
	while (left) {
		size_t n = tg_text_escape(text, left, escape);

		if (escape[0] == '\\' && escape[1] == 'u') {
			fputs(escape, out);
		} else if (!tg_utf8_length(text, left)) {
			fputs("\\ufffd", out);
		} else if (*text == '"' || *text == '\\') {
			fprintf(out, "\\%c", *text);
		} else if ((unsigned char)*text < ' ') {
			fprintf(out, "\\u%04x", (unsigned char)*text);
		} else {
			fwrite(text, 1, n, out);
		}
		text += n;
		left -= n;
	}
	fputc('"', out);
}

static void put_json(FILE *out, enum tg_log_level level, const char *message)
{
	struct timespec now;
	struct tm utc;
	char stamp[32] = "";

	clock_gettime(CLOCK_REALTIME, &now);
	if (gmtime_r(&now.tv_sec, &utc))
		strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
	fprintf(out, "{\"time\":\"%s.%03dZ\",\"level\":\"%s\",\"program\":", stamp,
		(int)(now.tv_nsec / 1000000), level_names[level]);
	put_json_string(out, setup.program);
	fputs(",\"message\":", out);
	put_json_string(out, message);
	fputs("}\n", out);
}

static void put(enum tg_log_level level, const char *message)
{
	/* One write a line: stderr has no buffer, so the parts of two writers' lines could mix. */
	char line[MESSAGE_SIZE * 6 + 256];
	FILE *out = fmemopen(line, sizeof(line), "w");
	long n;

	if (!out) {
		fprintf(stderr, "%s: %s: %s\n", setup.program, level_names[level], message);
		return;
	}
	if (setup.format == TG_LOG_JSON)
		put_json(out, level, message);
	else if (setup.journal) /* it knows the name of the program */
		fprintf(out, "<%d>%s\n", level_priorities[level], message);
	else
		fprintf(out, "%s: %s: %s\n", setup.program, level_names[level], message);
	fflush(out);
	n = ftell(out);
	fclose(out);
	if (n > 0)
		fwrite(line, 1, (size_t)n, stderr);
}

void tg_log(enum tg_log_level level, const char *format, ...)
{
	int saved = errno;
	char message[MESSAGE_SIZE];
	va_list args;

	if (level > setup.level)
		return;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	/* Names of interfaces and files may contain escape sequences of a terminal. */
	if (setup.format == TG_LOG_TEXT)
		tg_text_force_printable(message);
	put(level, message);
	errno = saved;
}

int tg_log_errno(int error, const char *format, ...)
{
	char message[MESSAGE_SIZE / 2];
	va_list args;

	if (error < 0)
		error = -error;
	/* A library that failed without setting errno must not look like a success. */
	if (error == 0)
		error = EIO;
	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	tg_log(TG_LOG_ERROR, "%s: %s", message, strerror(error));
	return -error;
}
