/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds the files of the status page, user/http/page/, which are linked into the program. */
#ifndef TG_HTTP_PAGE_H
#define TG_HTTP_PAGE_H

#include <stddef.h>

struct tg_page_file {
	const char *path; /* in the URL */
	const char *type; /* Content-Type */
	const char *start, *end;
};

/* Returns the file for the path of a URL, static data; NULL if there is none. */
const struct tg_page_file *tg_page_find(const char *path);

#endif
