/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The live screen of `tidegate top`. */
#ifndef TG_CLI_TOP_SCREEN_H
#define TG_CLI_TOP_SCREEN_H

#include "cli/top_rows.h"

struct tg_top_view {
	const json_t *status;	  /* the daemon's answer to `status` */
	struct tg_top_rows *rows; /* sorted, searched */
	enum tg_top_order order;
	const char *limit, *search;   /* NULL or empty: none */
	size_t first;		      /* the row at the top; kept within bounds */
	bool paused, typing, helping; /* typing: a text to search for */
};

/* False if the terminal cannot do it. Colours unless NO_COLOR (https://no-color.org) is set. */
bool tg_top_screen_open(void);

void tg_top_screen_draw(struct tg_top_view *view);

/* Rows that fit. */
size_t tg_top_screen_page(void);

/* The next key (curses(3)), or ERR after @ms. */
int tg_top_screen_key(int ms);

void tg_top_screen_close(void);

#endif
