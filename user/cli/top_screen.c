// SPDX-License-Identifier: GPL-2.0-or-later
/* Draws head, rows and help of the live screen. */
#include "cli/top_screen.h"

#include <curses.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/json.h"

#define HEAD	      4 /* lines above the rows */
#define FOOT	      1
#define COLOR_BAD     1
#define COLOR_CAREFUL 2

static SCREEN *screen;
static FILE *terminal; /* not stdout, which escapes what moves the cursor */
static bool coloured;

static FILE *open_terminal(void)
{
	tg_autoclose int fd = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
	FILE *opened = fd < 0 ? NULL : fdopen(fd, "w");

	if (opened)
		TAKE_FD(fd);
	return opened;
}

bool tg_top_screen_open(void)
{
	const char *no_color = getenv("NO_COLOR");

	const char *move_cursor;
	int error;

	/* Looks for "cup", move the cursor, because newterm() opens terminals without it too. */
	if (setupterm(NULL, STDOUT_FILENO, &error) != OK)
		return false;
	move_cursor = tigetstr("cup");
	if (!move_cursor || move_cursor == (char *)-1)
		return false;
	terminal = open_terminal();
	screen = terminal ? newterm(NULL, terminal, stdin) : NULL;
	if (!screen) {
		tg_top_screen_close();
		return false;
	}
	cbreak();
	noecho();
	keypad(stdscr, TRUE);
	curs_set(0);
	coloured = !(no_color && *no_color) && has_colors();
	if (coloured) {
		start_color();
		use_default_colors();
		init_pair(COLOR_BAD, COLOR_RED, -1);
		init_pair(COLOR_CAREFUL, COLOR_YELLOW, -1);
	}
	return true;
}

size_t tg_top_screen_page(void)
{
	return LINES > HEAD + FOOT ? LINES - HEAD - FOOT : 1;
}

/*
 * Lets SIGWINCH, the signal of a new window size, arrive only while waiting for a key, because it
 * would interrupt a request to the daemon.
 */
static void let_resize(int how)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGWINCH);
	sigprocmask(how, &set, NULL);
}

int tg_top_screen_key(int ms)
{
	int key;

	timeout(ms);
	let_resize(SIG_UNBLOCK);
	key = getch();
	let_resize(SIG_BLOCK);
	return key;
}

void tg_top_screen_close(void)
{
	if (screen) {
		endwin();
		delscreen(screen);
		screen = NULL;
	}
	if (terminal)
		fclose(terminal);
	terminal = NULL;
}

static attr_t colour(int pair)
{
	return coloured ? COLOR_PAIR(pair) : A_BOLD;
}

/* Writes "-" for a rate that is not known yet. */
static const char *format_rate(double value, char *text, size_t size)
{
	if (value < 0)
		return "-";
	snprintf(text, size, value < 10 && value > 0 ? "%.1f" : "%.0f", value);
	return text;
}

/* Widths of the first two columns: a narrow screen cuts names off so that counters fit. */
static int source_width(int width)
{
	return width >= 144 ? 36 : 24;
}

static int limit_width(int width)
{
	return width >= 144 ? 20 : 16;
}

static void draw_row(int line, const struct tg_top_row *row, int width)
{
	bool refuses = strcmp(row->state, "exceeded") == 0,
	     penalized = strcmp(row->state, "backoff") == 0;
	attr_t attribute = row->shadow ? A_DIM
			   : penalized ? colour(COLOR_CAREFUL)
			   : refuses   ? colour(COLOR_BAD)
				       : A_NORMAL;
	int source = source_width(width), limit = limit_width(width);
	char exceeded[32], admitted[32], text[512];

	snprintf(text, sizeof(text), "%-*.*s %-*.*s %12lld %10s %12lld %10s %9lld/%-9lld %s%s",
		 source, source, row->source, limit, limit, row->limit, row->exceeded,
		 format_rate(row->exceeded_rate, exceeded, sizeof(exceeded)), row->admitted,
		 format_rate(row->admitted_rate, admitted, sizeof(admitted)), row->remaining,
		 row->capacity, row->state, row->shadow ? " (shadow)" : "");
	attron(attribute);
	mvaddnstr(line, 0, text, width);
	attroff(attribute);
}

/* Underlines the title of the column that the rows are sorted by. */
static void draw_titles(enum tg_top_order order, int width)
{
	static const struct {
		const char *title;
		int width; /* 0: source_width(), 1: limit_width() */
		int order; /* enum tg_top_order; -1: none */
	} titles[] = {
		{"SOURCE", 0, TG_TOP_SOURCE},	   {"LIMIT", 1, -1},
		{"EXCEEDED", 12, TG_TOP_EXCEEDED}, {"PER SECOND", 10, TG_TOP_EXCEEDED_RATE},
		{"ADMITTED", 12, TG_TOP_ADMITTED}, {"PER SECOND", 10, TG_TOP_ADMITTED_RATE},
		{"REMAINING/CAPACITY", 19, -1},	   {"STATE", 9, -1},
	};
	int at = 0, room;
	char text[64];
	size_t i;

	attron(A_REVERSE);
	mvhline(HEAD - 1, 0, ' ', width);
	for (i = 0; i < sizeof(titles) / sizeof(titles[0]) && at < width; i++) {
		room = titles[i].width > 1 ? titles[i].width
		       : titles[i].width   ? limit_width(width)
					   : source_width(width);
		snprintf(text, sizeof(text), i < 2 || i > 6 ? "%-*s" : "%*s", room,
			 titles[i].title);
		if (titles[i].order == (int)order)
			attron(A_BOLD | A_UNDERLINE);
		mvaddnstr(HEAD - 1, at, text, width - at);
		attroff(A_BOLD | A_UNDERLINE);
		at += room + 1;
	}
	attroff(A_REVERSE);
}

static void draw_health(const json_t *status)
{
	const char *health = tg_json_text(status, "health");
	bool good = strcmp(health, "ok") == 0;

	move(1, 0);
	clrtoeol();
	if (!good)
		attron(colour(COLOR_BAD));
	printw("health: %s", health);
	if (!good)
		attroff(colour(COLOR_BAD));
}

static void draw_head(const struct tg_top_view *view, int width)
{
	const json_t *daemon = json_object_get(view->status, "daemon"),
		     *table = json_object_get(view->status, "table");

	mvprintw(0, 0, "tidegate %s  generation %lld  table %lld of %lld  %zu rows%s%s%s",
		 tg_json_text(daemon, "version"),
		 (long long)tg_json_number(view->status, "generation"),
		 (long long)tg_json_number(table, "buckets"),
		 (long long)tg_json_number(table, "size"), view->rows->n,
		 view->limit ? "  limit " : "", view->limit ? view->limit : "",
		 view->paused ? "  PAUSED" : "");
	draw_health(view->status);
	if (view->typing || *view->search)
		mvprintw(2, 0, "search: %s%s", view->search, view->typing ? "_" : "");
	draw_titles(view->order, width);
}

static void draw_help(void)
{
	static const char *const keys[] = {
		"e a      most exceeded, most admitted first",
		"E A      fastest exceeding, fastest admitted first",
		"s        by source",
		"l        one limit after the other, then all",
		"/        search in sources and limits; Enter ends, Esc clears",
		"p space  pause, and go on",
		"arrows   up and down; also Page Up, Page Down, Home, End",
		"q        quit",
	};
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		mvprintw(HEAD + i, 2, "%s", keys[i]);
}

static void draw_rows(struct tg_top_view *view, int width)
{
	size_t page = tg_top_screen_page(), i;

	if (view->first + page > view->rows->n)
		view->first = view->rows->n > page ? view->rows->n - page : 0;
	for (i = 0; i < page && view->first + i < view->rows->n; i++)
		draw_row(HEAD + i, &view->rows->items[view->first + i], width);
	if (!view->rows->n)
		mvaddnstr(HEAD, 0, "no source has a bucket here", width);
}

void tg_top_screen_draw(struct tg_top_view *view)
{
	int width = COLS;

	erase();
	draw_head(view, width);
	if (view->helping)
		draw_help();
	else
		draw_rows(view, width);
	attron(A_DIM);
	mvaddnstr(LINES - 1, 0,
		  "e/a/E/A/s order  l limit  / search  p pause  arrows scroll  ? help  q quit",
		  width);
	attroff(A_DIM);
	refresh();
}
