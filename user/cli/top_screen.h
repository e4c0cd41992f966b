/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Draws the live screen of `tidegate top` by curses, and reads keys. */
#ifndef TG_CLI_TOP_SCREEN_H
#define TG_CLI_TOP_SCREEN_H

#include "cli/top_rows.h"

/* What to draw; all is borrowed. */
struct tg_top_view {
	const json_t *status;	  /* the result of `status` */
	struct tg_top_rows *rows; /* those that match the search, in @order */
	enum tg_top_order order;
	const char *limit, *search;   /* NULL or empty: none */
	size_t first;		      /* index of the row at the top; drawing keeps it in bounds */
	bool paused, typing, helping; /* typing: the search is being typed */
};

/* Takes the terminal over. False if it cannot move its cursor. Uses colours unless NO_COLOR
 * (https://no-color.org) is set. */
bool tg_top_screen_open(void);

/* Draws the whole screen; the screen must be open for this and what follows. */
void tg_top_screen_draw(struct tg_top_view *view);

/* Returns how many rows fit, at least 1. */
size_t tg_top_screen_page(void);

/* Waits for a key at most @ms. Returns it as curses(3) has it, ERR if there was none. */
int tg_top_screen_key(int ms);

/* Gives the terminal back. Does nothing if the screen is not open. */
void tg_top_screen_close(void);

#endif
