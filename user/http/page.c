// SPDX-License-Identifier: GPL-2.0-or-later
/* Embeds the files of the status page. */
#include "http/page.h"

#include <string.h>

/*
 * Has the assembler read the file. The path is from the top directory, where make runs. The symbols
 * are global, because a link-time optimizer may put them and their users into different units.
 */
#define EMBED(symbol, file)                                                                        \
	__asm__(".pushsection .rodata\n"                                                           \
		".globl " #symbol "_start, " #symbol "_end\n"                                      \
		".hidden " #symbol "_start, " #symbol "_end\n" #symbol                             \
		"_start:\n.incbin \"user/http/page/" file "\"\n" #symbol "_end:\n.popsection");    \
	extern const char symbol##_start[], symbol##_end[]

EMBED(tg_page_html, "page.html");
EMBED(tg_page_css, "page.css");
EMBED(tg_page_js, "page.js");
EMBED(tg_page_format, "format.js");
EMBED(tg_page_limits, "limits.js");
EMBED(tg_page_plot, "plot.js");
EMBED(tg_page_sources, "sources.js");
EMBED(tg_page_icon, "icon.svg");

#define FILE_AT(path, type, symbol)                                                                \
	{                                                                                          \
		path, type "; charset=utf-8", symbol##_start, symbol##_end                         \
	}

static const struct tg_page_file files[] = {
	FILE_AT("/", "text/html", tg_page_html),
	FILE_AT("/page.css", "text/css", tg_page_css),
	FILE_AT("/icon.svg", "image/svg+xml", tg_page_icon),
	FILE_AT("/page.js", "text/javascript", tg_page_js),
	FILE_AT("/format.js", "text/javascript", tg_page_format),
	FILE_AT("/limits.js", "text/javascript", tg_page_limits),
	FILE_AT("/plot.js", "text/javascript", tg_page_plot),
	FILE_AT("/sources.js", "text/javascript", tg_page_sources),
};

const struct tg_page_file *tg_page_find(const char *path)
{
	size_t i;

	for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (strcmp(files[i].path, path) == 0)
			return &files[i];
	return NULL;
}
