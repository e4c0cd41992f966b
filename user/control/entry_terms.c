// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks --for and --note, for the CLI and again for the daemon, with the same sentences. */
#include "control/entry_terms.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <tidegate/abi.h>

#include "base/text.h"
#include "base/units.h"

/* A century, so that no sum of it and the clock overflows 64 bits of nanoseconds. */
#define LONGEST (36500ULL * 86400 * 1000000000)

/* Adds up "4999h59m53s". Returns as tg_parse_duration() does. */
static int parse_parts(const char *text, uint64_t *ns)
{
	uint64_t part, sum = 0;
	char piece[32];
	size_t n;
	int error;

	do {
		n = strspn(text, "0123456789.");
		n += strcspn(text + n, "0123456789.");
		if (n >= sizeof(piece))
			return -EINVAL;
		memcpy(piece, text, n);
		piece[n] = '\0';
		error = tg_parse_duration(piece, &part);
		if (error)
			return error;
		if (part > LONGEST || sum > LONGEST)
			return -ERANGE;
		sum += part;
		text += n;
	} while (*text);
	*ns = sum;
	return 0;
}

/* Takes what ban tools write, too: plain seconds, and -1 for an entry without end. */
static int parse_span(const char *text, uint64_t *ns)
{
	uint64_t seconds;
	int error = tg_parse_number(text, &seconds);

	if (error == -EINVAL)
		return parse_parts(text, ns);
	if (error || seconds > LONGEST / 1000000000)
		return -ERANGE;
	*ns = seconds * 1000000000;
	return 0;
}

static int take_duration(const char *text, uint64_t *for_ns, char *why, size_t why_size)
{
	char quoted[TG_QUOTE_SIZE];
	uint64_t ns;

	if (!text || strcmp(text, "-1") == 0) {
		*for_ns = TG_NO_END;
		return 0;
	}
	tg_text_quote(text, quoted, sizeof(quoted));
	switch (parse_span(text, &ns)) {
	case -EINVAL:
		snprintf(why, why_size,
			 "--for %s is not a duration; write it as 90s, 10m, 2h30m or 7d, as 600 "
			 "(seconds), or as -1 for an entry without end",
			 quoted);
		return -EINVAL;
	case 0:
		if (ns > 0 && ns <= LONGEST) {
			*for_ns = ns;
			return 0;
		}
	}
	snprintf(why, why_size,
		 "--for %s: write a time from 1ns to 36500d, or leave --for away for an entry "
		 "without end",
		 quoted);
	return -EINVAL;
}

static int check_note(const char *note, char *why, size_t why_size)
{
	struct tg_location place;
	const char *wrong;

	if (!note)
		return 0;
	if (strlen(note) >= TG_NOTE_SIZE) {
		snprintf(why, why_size, "the note is %zu bytes long; at most %d bytes are kept",
			 strlen(note), TG_NOTE_SIZE - 1);
		return -EINVAL;
	}
	if (tg_text_check(note, strlen(note), &place, &wrong) || strpbrk(note, "\t\r\n")) {
		snprintf(why, why_size, "the note must be one line of UTF-8 text");
		return -EINVAL;
	}
	return 0;
}

int tg_entry_take_terms(const char *duration, const char *note, uint64_t *for_ns, char *why,
			size_t why_size)
{
	int error = check_note(note, why, why_size);

	return error ? error : take_duration(duration, for_ns, why, why_size);
}
