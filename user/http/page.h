/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The status page: the files of user/http/page/, as they are. */
#ifndef TG_HTTP_PAGE_H
#define TG_HTTP_PAGE_H

#include <stddef.h>

struct tg_page_file {
	const char *path; /* in the URL */
	const char *type;
	const char *start, *end;
};

/* NULL: no file is there. */
const struct tg_page_file *tg_page_find(const char *path);

#endif
