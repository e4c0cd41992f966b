/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the code under test logs, kept for a test to look at instead of being printed. */
#ifndef TG_LOGGED_H
#define TG_LOGGED_H

#include <stdio.h>
#include <stdlib.h>

struct tg_logged {
	char *text;
	size_t size;
	FILE *real;
};

/* From here on, until tg_logged_end(). Descriptor 2 stays, so that sanitizers are still heard. */
static inline void tg_logged_begin(struct tg_logged *logged)
{
	logged->real = stderr;
	logged->text = NULL;
	stderr = open_memstream(&logged->text, &logged->size);
}

/* Everything since then, with a NUL; tg_logged_free() frees it. */
static inline const char *tg_logged_end(struct tg_logged *logged)
{
	fclose(stderr);
	stderr = logged->real;
	return logged->text;
}

static inline void tg_logged_free(struct tg_logged *logged)
{
	free(logged->text);
	logged->text = NULL;
}

#endif
