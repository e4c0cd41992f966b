// SPDX-License-Identifier: GPL-2.0-or-later
/* The command top: shows the busiest sources, once or live. */
#include <ctype.h>
#include <curses.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/columns.h"
#include "cli/show.h"
#include "control/client.h"
#include "base/clock.h"
#include "cli/commands.h"
#include "base/json.h"
#include "base/log.h"
#include "cli/top_screen.h"

#define REFRESH_MS    1000
#define ROWS	      1000  /* asked for on the live screen */
#define ROWS_SEARCHED 10000 /* asked for while searching */
#define ESCAPE	      27

static const struct tg_column columns[] = {
	TG_COLUMN("source", "SOURCE", .width = 40),
	TG_COLUMN("limit", "LIMIT", .width = 24),
	TG_COLUMN("exceeded", "EXCEEDED", .width = 14, .right = true),
	TG_COLUMN("admitted", "ADMITTED", .width = 14, .right = true),
	TG_COLUMN("remaining", "REMAINING", .width = 22, .right = true),
	TG_COLUMN("state", "STATE"),
	{},
};

static void print_top(const json_t *result, const struct tg_arguments *arguments)
{
	json_t *rows = json_array();
	const json_t *source;
	size_t i;

	json_array_foreach(json_object_get(result, "sources"), i, source) json_array_append_new(
		rows,
		json_pack("[s,s,I,I,o,o]", tg_json_text(source, "source"),
			  tg_json_text(source, "limit"), tg_json_number(source, "exceeded"),
			  tg_json_number(source, "admitted"),
			  json_sprintf("%lld of %8lld", tg_json_number(source, "remaining"),
				       tg_json_number(source, "capacity")),
			  json_sprintf("%s%s", tg_json_text(source, "state"),
				       json_is_true(json_object_get(source, "shadow")) ? " (shadow)"
										       : "")));
	tg_show_table(columns, rows, arguments);
}

static json_t *top_request(const char *limit, const char *by, json_int_t n)
{
	return json_pack("{s:s, s:s*, s:s*, s:I}", "command", "top", "limit", limit, "by", by, "n",
			 n);
}

struct live {
	struct tg_top_view view;
	json_t *status, *limits;  /* the daemon's last replies */
	struct tg_top_rows *seen; /* all rows of the last reply, by key */
	size_t limit_at;	  /* index in limits + 1; 0: all */
	char search[64];
};

static const char *limit_of(const struct live *live)
{
	const json_t *list = json_object_get(live->limits, "limits");

	if (!live->limit_at)
		return NULL;
	return tg_json_text(json_array_get(list, live->limit_at - 1), "name");
}

static size_t number_of(const struct live *live, const char *name)
{
	const json_t *limit;
	size_t i;

	json_array_foreach(json_object_get(live->limits, "limits"), i, limit)
	{
		if (name && strcmp(tg_json_text(limit, "name"), name) == 0)
			return i + 1;
	}
	return 0;
}

static int ask(json_t *what, json_t **answer)
{
	json_t *result = NULL;
	int code = tg_client_ask(what, true, &result, NULL);

	if (code != TG_EXIT_OK)
		return code;
	json_decref(*answer);
	*answer = result;
	return TG_EXIT_OK;
}

/* Makes the rows to show: a copy of those seen, searched and sorted. Returns an exit code. */
static int arrange(struct live *live)
{
	struct tg_top_rows *shown = calloc(1, sizeof(*shown));

	if (!shown)
		return TG_EXIT_FAILED;
	tg_top_rows_free(&live->view.rows);
	live->view.rows = shown;
	shown->items = calloc(live->seen->n + 1, sizeof(*shown->items));
	if (!shown->items)
		return TG_EXIT_FAILED;
	memcpy(shown->items, live->seen->items, live->seen->n * sizeof(*shown->items));
	shown->n = live->seen->n;
	if (*live->search)
		tg_top_rows_search(shown, live->search);
	tg_top_rows_sort(shown, live->view.order);
	return TG_EXIT_OK;
}

static int fetch(struct live *live)
{
	bool by_admitted =
		live->view.order == TG_TOP_ADMITTED || live->view.order == TG_TOP_ADMITTED_RATE;
	struct tg_top_rows *rows = NULL;
	json_t *answer = NULL;
	int code;

	code = ask(json_pack("{s:s}", "command", "status"), &live->status);
	if (code == TG_EXIT_OK)
		code = ask(json_pack("{s:s}", "command", "limits"), &live->limits);
	if (code != TG_EXIT_OK)
		return code;
	if (live->limit_at > json_array_size(json_object_get(live->limits, "limits")))
		live->limit_at = 0; /* the limit is gone */
	code = ask(top_request(limit_of(live), by_admitted ? "admitted" : "exceeded",
			       *live->search ? ROWS_SEARCHED : ROWS),
		   &answer);
	if (code != TG_EXIT_OK)
		return code;
	if (tg_top_rows_read(answer, tg_now_ns(), live->seen, &rows))
		code = TG_EXIT_FAILED;
	json_decref(answer);
	if (code != TG_EXIT_OK)
		return code;
	tg_top_rows_free(&live->seen);
	live->seen = rows;
	live->view.status = live->status;
	live->view.limit = limit_of(live);
	return arrange(live);
}

static void type(struct live *live, int key)
{
	size_t length = strlen(live->search);

	if (key == '\n' || key == KEY_ENTER || key == ESCAPE) {
		live->view.typing = false;
		if (key == ESCAPE)
			live->search[0] = '\0';
	} else if ((key == KEY_BACKSPACE || key == 127 || key == '\b') && length) {
		live->search[length - 1] = '\0';
	} else if (key < 256 && isprint(key) && length + 1 < sizeof(live->search)) {
		live->search[length] = (char)key;
		live->search[length + 1] = '\0';
	}
}

static void scroll_by(struct tg_top_view *view, int key)
{
	size_t page = tg_top_screen_page();

	if (key == KEY_DOWN)
		view->first++;
	else if (key == KEY_UP)
		view->first -= view->first > 0;
	else if (key == KEY_NPAGE)
		view->first += page;
	else if (key == KEY_PPAGE)
		view->first = view->first > page ? view->first - page : 0;
	else if (key == KEY_HOME)
		view->first = 0;
	else if (key == KEY_END)
		view->first = view->rows->n; /* drawing keeps it within bounds */
}

static bool take_order(struct tg_top_view *view, int key)
{
	static const char keys[] = "eaEAs"; /* as enum tg_top_order has them */
	const char *found = key > 0 && key < 256 ? strchr(keys, key) : NULL;

	if (!found)
		return false;
	view->order = (enum tg_top_order)(found - keys);
	view->first = 0;
	return true;
}

/* Returns whether to ask the daemon at once. */
static bool take_key(struct live *live, int key)
{
	struct tg_top_view *view = &live->view;

	if (view->typing) {
		type(live, key);
		return !view->typing;
	}
	view->helping = key == '?' || (view->helping && key == ERR);
	if (take_order(view, key))
		return true;
	if (key == 'p' || key == ' ') {
		view->paused = !view->paused;
		return !view->paused;
	}
	if (key == '/') {
		view->typing = true;
		live->search[0] = '\0';
	} else if (key == ESCAPE) {
		live->search[0] = '\0';
	} else if (key == 'l') {
		live->limit_at++;
		view->first = 0;
		return true;
	} else {
		scroll_by(view, key);
	}
	return false;
}

static int watch(struct live *live)
{
	uint64_t next = 0, now;
	int code, key;

	for (;;) {
		now = tg_now_ns();
		if (now >= next && (!live->view.paused || !live->seen)) {
			code = fetch(live);
			next = now + REFRESH_MS * 1000000ULL;
		} else {
			code = arrange(live);
		}
		if (code != TG_EXIT_OK)
			return code;
		tg_top_screen_draw(&live->view);
		key = tg_top_screen_key(REFRESH_MS / 4);
		if (key == 'q' && !live->view.typing)
			return TG_EXIT_OK;
		if (take_key(live, key))
			next = 0;
	}
}

static int run_live(const struct tg_arguments *arguments)
{
	struct live live = {.view.search = live.search};
	json_t *answer = NULL;
	int code;

	/* Asks once before the screen opens, so that an error message stays visible. */
	code = tg_client_ask(top_request(arguments->limit, arguments->by, 1), false, &answer, NULL);
	json_decref(answer);
	if (code == TG_EXIT_OK)
		code = ask(json_pack("{s:s}", "command", "limits"), &live.limits);
	if (code != TG_EXIT_OK)
		return code;
	live.limit_at = number_of(&live, arguments->limit);
	if (arguments->by && strcmp(arguments->by, "admitted") == 0)
		live.view.order = TG_TOP_ADMITTED;
	if (!tg_top_screen_open())
		code = tg_show(top_request(arguments->limit, arguments->by, arguments->n),
			       arguments, print_top);
	else
		code = watch(&live);
	tg_top_screen_close();
	if (code == TG_EXIT_NO_DAEMON)
		tg_log(TG_LOG_ERROR, "the daemon at %s has ended", tg_client_control);
	json_decref(live.status);
	json_decref(live.limits);
	tg_top_rows_free(&live.seen);
	tg_top_rows_free(&live.view.rows);
	return code;
}

static int run_top(const struct tg_arguments *arguments)
{
	if (arguments->json || arguments->columns || arguments->noheadings ||
	    !isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO))
		return tg_show(top_request(arguments->limit, arguments->by, arguments->n),
			       arguments, print_top);
	return run_live(arguments);
}

static const struct tg_option options[] = {
	TG_OPTION(TG_TEXT, "limit", limit, "L", "only buckets of this limit"),
	TG_OPTION(TG_CHOICE, "by", by, "exceeded|admitted",
		  "which are first; exceeded if not given"),
	TG_OPTION(TG_NUMBER, "number", n, "N", "so many rows, where it is not live (20)",
		  .least = 1, .most = 10000, .letter = 'n'),
	{},
};

const struct tg_command cmd_top = {
	.name = "top",
	.does = "the busiest sources; live on a terminal",
	.options = options,
	.tables = {columns},
	.run = run_top,
};
