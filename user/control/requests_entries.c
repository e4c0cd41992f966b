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

/* On failure *@reply says what is wrong, NULL when out of memory. */
static int take_prefixes(const json_t *request, enum tg_list *list, struct tg_prefix_list *prefixes,
			 json_t **reply)
{
	const json_t *texts = json_object_get(request, "prefixes"), *text;
	struct tg_prefix prefix;
	const char *wrong = NULL;
	char why[256];
	size_t i;

	if (!take_list(request, list))
		wrong = "the lists are allow and deny";
	else if (!json_array_size(texts))
		wrong = "give a prefix";
	for (i = 0; !wrong && i < json_array_size(texts); i++) {
		text = json_array_get(texts, i);
		if (!json_is_string(text))
			wrong = "a prefix is text";
		else if (tg_prefix_parse(json_string_value(text), &prefix, why, sizeof(why)))
			wrong = why;
		else if (tg_prefix_list_add(prefixes, &prefix))
			return -ENOMEM;
	}
	if (!wrong)
		return 0;
	*reply = tg_reply_fail(TG_EXIT_USAGE, "%s", wrong);
	return -EINVAL;
}

static json_t *fail_add(int error, size_t done, const struct tg_prefix_list *prefixes)
{
	if (error == -ENOSPC)
		return tg_reply_fail(TG_EXIT_FAILED,
				     "there is room for %d allow and deny entries and it is used "
				     "up (%zu of these %zu are in); take some out with `del`, join "
				     "neighbours into shorter prefixes, or put what is lasting "
				     "into the configuration, whose lists have no such bound",
				     TG_ENTRIES_MAX, done, prefixes->n);
	return tg_reply_fail(TG_EXIT_FAILED, "the kernel did not take the entry: %s",
			     strerror(-error));
}

json_t *tg_request_add_entries(struct tg_daemon *daemon, const json_t *request)
{
	const char *note = tg_request_text(request, "note");
	tg_cleanup(tg_prefix_list_clear) struct tg_prefix_list prefixes = {};
	json_t *reply = NULL;
	size_t done, replaced;
	enum tg_list list;
	uint64_t for_ns;
	char why[256];
	int error;

	if (tg_entry_take_terms(tg_request_text(request, "for"), note, &for_ns, why, sizeof(why)))
		return tg_reply_fail(TG_EXIT_USAGE, "%s", why);
	if (take_prefixes(request, &list, &prefixes, &reply))
		return reply;
	error = tg_datapath_add_entries(daemon->datapath, list, &prefixes, for_ns, note, &done,
					&replaced);
	if (error)
		return fail_add(error, done, &prefixes);
	return tg_reply_done(json_pack("{s:I, s:I}", "added", (json_int_t)(done - replaced),
				       "replaced", (json_int_t)replaced));
}

json_t *tg_request_remove_entries(struct tg_daemon *daemon, const json_t *request)
{
	tg_cleanup(tg_prefix_list_clear) struct tg_prefix_list prefixes = {}, missing = {};
	char text[TG_PREFIX_TEXT_SIZE];
	enum tg_list list;
	json_t *reply = NULL;
	int error;

	if (take_prefixes(request, &list, &prefixes, &reply))
		return reply;
	error = tg_datapath_remove_entries(daemon->datapath, list, &prefixes, &missing);
	if (error)
		return tg_reply_fail(TG_EXIT_FAILED, "the kernel did not take the entry out: %s",
				     strerror(-error));
	if (!missing.n)
		return tg_reply_done(json_pack("{s:I}", "removed", (json_int_t)prefixes.n));
	tg_prefix_format(&missing.items[0], text, sizeof(text));
	return tg_reply_fail(TG_EXIT_NOT_FOUND,
			     "%s is not among the %s entries%s; `tidegate %s list` shows them "
			     "(what is in the configuration is taken out there)",
			     text, tg_request_text(request, "list"),
			     missing.n > 1 ? ", nor are others" : "",
			     tg_request_text(request, "list"));
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
