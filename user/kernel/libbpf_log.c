// SPDX-License-Identifier: GPL-2.0-or-later
/* Splits libbpf's messages, which may be a log of the verifier, into lines. */
#include "kernel/libbpf_log.h"

#include <bpf/libbpf.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/log.h"

#define LINES_MAX 100 /* of one message */

/* Returns where the last @n lines of the text begin, because what the verifier refuses is at the
 * end of its log. */
static char *last_lines(char *text, int n)
{
	char *at = text + strlen(text);

	while (at > text && n > 0)
		if (*--at == '\n' && at[1])
			n--;
	return n ? text : at + 1;
}

__attribute__((format(printf, 2, 0))) static int print_libbpf(enum libbpf_print_level level,
							      const char *format, va_list arguments)
{
	tg_autofree char *text = NULL;
	char *line, *rest;

	if (level == LIBBPF_DEBUG || vasprintf(&text, format, arguments) < 0)
		return 0;
	rest = last_lines(text, LINES_MAX);
	while ((line = strsep(&rest, "\n")))
		if (*line)
			tg_log(TG_LOG_DEBUG, "%s", line);
	return 0;
}

void tg_libbpf_log(void)
{
	libbpf_set_print(print_libbpf);
}
