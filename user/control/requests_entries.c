// SPDX-License-Identifier: GPL-2.0-or-later
/* Adds, removes and lists allow and deny entries. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/exit.h"
#include "daemon/daemon.h"
#include "datapath/datapath.h"
#include "control/entry_terms.h"
#include "control/report.h"
#include "control/requests_entries.h"

#define PAGE 4096 /* entries of a reply */

#define CURSOR_SIZE (TG_PREFIX_TEXT_SIZE + 24)

static bool take_list(const json_t *request, enum tg_list *list)
{
	const char *name = tg_request_text(request, "list");

	*list = name && strcmp(name, "allow") == 0 ? TG_LIST_ALLOW : TG_LIST_DENY;
	return name && (*list == TG_LIST_ALLOW || strcmp(name, "deny") == 0);
}

struct wishes {
	struct tg_entry_wish *items;
	size_t n;
};

static void wishes_clear(struct wishes *wishes)
{
	free(wishes->items);
}

/*
 * Takes "192.0.2.1", or {"prefix": "192.0.2.1", "for": "10m", "note": "..."}; what such an object
 * does not say is as @request says for all. Returns 0 or -EINVAL with @why.
 */
static int take_wish(const json_t *request, const json_t *item, struct tg_entry_wish *wish,
		     char *why, size_t why_size)
{
	const json_t *prefix = json_is_object(item) ? json_object_get(item, "prefix") : item;
	const char *duration = tg_request_text(request, "for");

	if (!json_is_string(prefix)) {
		snprintf(why, why_size, "a prefix is text, or an object with the text \"prefix\"");
		return -EINVAL;
	}
	wish->note = tg_request_text(request, "note");
	if (json_is_object(item) && tg_request_text(item, "for"))
		duration = tg_request_text(item, "for");
	if (json_is_object(item) && tg_request_text(item, "note"))
		wish->note = tg_request_text(item, "note");
	if (tg_entry_take_terms(duration, wish->note, &wish->for_ns, why, why_size))
		return -EINVAL;
	return tg_prefix_parse(json_string_value(prefix), &wish->prefix, why, why_size);
}

/* Takes the whole request before anything is changed. On failure *@reply says what is wrong, NULL
 * when out of memory. */
static int take_wishes(const json_t *request, enum tg_list *list, struct wishes *wishes,
		       json_t **reply)
{
	const json_t *items = json_object_get(request, "prefixes");
	const char *wrong = NULL;
	char why[256];

	if (!take_list(request, list))
		wrong = "the lists are allow and deny";
	else if (!json_array_size(items))
		wrong = "give a prefix";
	if (!wrong) {
		wishes->items = calloc(json_array_size(items), sizeof(*wishes->items));
		if (!wishes->items)
			return -ENOMEM;
	}
	for (; !wrong && wishes->n < json_array_size(items); wishes->n++)
		if (take_wish(request, json_array_get(items, wishes->n), &wishes->items[wishes->n],
			      why, sizeof(why)))
			wrong = why;
	if (!wrong)
		return 0;
	*reply = tg_reply_fail(TG_EXIT_USAGE, "%s", wrong);
	return -EINVAL;
}

static json_t *fail_add(int error, const struct tg_entries_added *added, size_t n)
{
	if (error == -ENOSPC)
		return tg_reply_fail(TG_EXIT_FAILED,
				     "there is room for %d allow and deny entries and it is used "
				     "up (%zu of these %zu are in); take some out with `del`, join "
				     "neighbours into shorter prefixes, or put what is lasting "
				     "into the configuration, whose lists have no such bound",
				     TG_ENTRIES_MAX, added->added + added->replaced, n);
	return tg_reply_fail(TG_EXIT_FAILED, "the kernel did not take the entry: %s",
			     strerror(-error));
}

json_t *tg_request_add_entries(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(wishes_clear) struct wishes wishes = {};
	char outdone[TG_PREFIX_TEXT_SIZE] = "";
	struct tg_entries_added added;
	json_t *reply = NULL;
	enum tg_list list;
	int error;

	if (take_wishes(request, &list, &wishes, &reply))
		return reply;
	error = tg_datapath_add_entries(daemon->datapath, list,
					json_is_true(json_object_get(request, "auto")),
					wishes.items, wishes.n, &added);
	if (error)
		return fail_add(error, &added, wishes.n);
	if (added.outdone)
		tg_prefix_format(&added.first_outdone, outdone, sizeof(outdone));
	return tg_reply_done(json_pack(
		"{s:I, s:I, s:I, s:I, s:s*}", "added", (json_int_t)added.added, "replaced",
		(json_int_t)added.replaced, "kept", (json_int_t)added.kept, "outdone",
		(json_int_t)added.outdone, "first_outdone", added.outdone ? outdone : NULL));
}

json_t *tg_request_remove_entries(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_prefix_list_clear) struct tg_prefix_list prefixes = {}, missing = {};
	tg_cleanup(wishes_clear) struct wishes wishes = {};
	char text[TG_PREFIX_TEXT_SIZE];
	enum tg_list list;
	json_t *reply = NULL;
	int error = 0;
	size_t i;

	if (take_wishes(request, &list, &wishes, &reply))
		return reply;
	for (i = 0; i < wishes.n && !error; i++)
		error = tg_prefix_list_add(&prefixes, &wishes.items[i].prefix);
	if (error)
		return NULL;
	error = tg_datapath_remove_entries(daemon->datapath, list, &prefixes, &missing);
	if (error)
		return tg_reply_fail(TG_EXIT_FAILED, "the kernel did not take the entry out: %s",
				     strerror(-error));
	if (missing.n)
		tg_prefix_format(&missing.items[0], text, sizeof(text));
	return tg_reply_done(json_pack(
		"{s:I, s:I, s:s*}", "removed", (json_int_t)(prefixes.n - missing.n), "missing",
		(json_int_t)missing.n, "first_missing", missing.n ? text : NULL));
}

/* Reads "NUMBER" or "NUMBER PREFIX", as cursor_text() writes it; NULL is the beginning. */
static bool take_cursor(const char *text, struct tg_list_cursor *cursor)
{
	char why[256], *end;

	*cursor = (struct tg_list_cursor){};
	if (!text)
		return true;
	cursor->configured = strtoul(text, &end, 10);
	if (end == text)
		return false;
	if (!*end)
		return true;
	cursor->any = true;
	return *end == ' ' && tg_prefix_parse(end + 1, &cursor->after, why, sizeof(why)) == 0;
}

static json_t *cursor_text(const struct tg_list_cursor *cursor)
{
	char prefix[TG_PREFIX_TEXT_SIZE] = "", text[CURSOR_SIZE];

	if (cursor->any)
		tg_prefix_format(&cursor->after, prefix, sizeof(prefix));
	snprintf(text, sizeof(text), "%zu%s%s", cursor->configured, cursor->any ? " " : "", prefix);
	return json_string(text);
}

/* Returns 1 when the page is full, which ends the walk. */
static int list_one(void *data, const struct tg_list_view *view)
{
	json_t *entries = data;

	json_array_append_new(entries, tg_report_listed(view));
	return json_array_size(entries) == PAGE;
}

json_t *tg_request_list_entries(struct tg_daemon *daemon, const json_t *request)
{
	struct tg_list_cursor cursor;
	json_t *entries;
	enum tg_list list;
	int result;

	if (!take_list(request, &list) || !take_cursor(tg_request_text(request, "after"), &cursor))
		return tg_reply_fail(TG_EXIT_USAGE,
				     "there is no such list, or no such place in it");
	entries = json_array();
	result = tg_datapath_each_listed(daemon->datapath, list, &cursor, list_one, entries);
	if (result >= 0)
		return tg_reply_done(json_pack("{s:o, s:o}", "entries", entries, "next",
					       result ? cursor_text(&cursor) : json_null()));
	json_decref(entries);
	return tg_reply_fail(TG_EXIT_FAILED, "the entries cannot be read: %s", strerror(-result));
}
