// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps the busiest buckets, or those of one source, while walking over the table. */
#include "control/top.h"

#include <stdlib.h>
#include <string.h>

#include "base/exit.h"
#include "config/config.h"
#include "control/reply.h"
#include "control/report.h"
#include "daemon/daemon.h"
#include "datapath/datapath.h"

/* @views has room for 2 * @wanted, so that it is sorted only once in @wanted buckets. */
struct top {
	struct tg_bucket_view *views;
	size_t n, wanted;
	const char *limit;
	int (*compare)(const void *, const void *);
};

static int descending(uint64_t a, uint64_t b)
{
	return (a < b) - (a > b);
}

static int by_exceeded(const void *a, const void *b)
{
	const struct tg_bucket_view *x = a, *y = b;
	int order = descending(x->exceeded, y->exceeded);

	return order ? order : descending(x->admitted, y->admitted);
}

static int by_admitted_first(const void *a, const void *b)
{
	const struct tg_bucket_view *x = a, *y = b;

	return descending(x->admitted, y->admitted);
}

static void sort_down(struct top *top)
{
	qsort(top->views, top->n, sizeof(*top->views), top->compare);
	if (top->n > top->wanted)
		top->n = top->wanted;
}

static int take_busy(void *state, const struct tg_bucket_view *view)
{
	struct top *top = state;

	if (top->limit && strcmp(view->limit, top->limit) != 0)
		return 0;
	top->views[top->n++] = *view;
	if (top->n == 2 * top->wanted)
		sort_down(top);
	return 0;
}

static int begin_top(struct tg_daemon *daemon, const json_t *request, void *state, json_t **reply)
{
	const char *by = tg_request_text(request, "by");
	json_int_t n = json_integer_value(json_object_get(request, "n"));
	struct top *top = state;

	top->limit = tg_request_text(request, "limit");
	if (top->limit && !tg_config_find_limit(daemon->config, top->limit))
		*reply = tg_reply_no_limit(daemon, top->limit);
	else if (by && strcmp(by, "exceeded") != 0 && strcmp(by, "admitted") != 0)
		*reply = tg_reply_fail(TG_EXIT_USAGE, "--by is exceeded or admitted, not \"%s\"",
				       by);
	else if (n < 0 || n > TG_TOP_MAX)
		*reply = tg_reply_fail(TG_EXIT_USAGE, "-n is 1 to %d", TG_TOP_MAX);
	else {
		top->wanted = n ? n : 20;
		top->views = calloc(2 * top->wanted, sizeof(*top->views));
		top->compare = by && strcmp(by, "admitted") == 0 ? by_admitted_first : by_exceeded;
	}
	return top->views != NULL;
}

static json_t *finish_top(struct tg_daemon *daemon, void *state)
{
	struct top *top = state;

	sort_down(top);
	return tg_reply_done(
		tg_report_top(top->views, top->n, tg_datapath_generation(daemon->datapath)));
}

static void end_top(void *state)
{
	struct top *top = state;

	free(top->views);
}

const struct tg_walk_kind tg_walk_top = {
	.size = sizeof(struct top),
	.begin = begin_top,
	.take = take_busy,
	.finish = finish_top,
	.end = end_top,
};

/* The buckets of one source. */
struct why {
	const struct tg_datapath *datapath;
	struct tg_prefix address;
	struct tg_list_view list;
	struct tg_bucket_view views[TG_VIEWS_MAX];
	size_t n;
};

static json_t *finish_why(struct tg_daemon *daemon, void *state)
{
	const struct why *why = state;

	return tg_reply_done(
		tg_report_why(&why->address, why->views, why->n, &why->list, daemon->cluster));
}

static json_t *reply_why_key(struct tg_daemon *daemon, const char *key, struct why *why)
{
	if (tg_datapath_why_key(daemon->datapath, key, why->views, &why->n))
		return tg_reply_fail(TG_EXIT_FAILED, "the bucket table cannot be read");
	return tg_reply_done(tg_report_why_key(key, why->views, why->n, daemon->cluster));
}

static int begin_why(struct tg_daemon *daemon, const json_t *request, void *state, json_t **reply)
{
	const char *text = tg_request_text(request, "address"), *key;
	struct why *why = state;
	int keyed;

	key = tg_request_text(request, "key");
	if (key) {
		*reply = reply_why_key(daemon, key, why);
		return 0;
	}
	if (!tg_request_parse_address(text, &why->address)) {
		*reply = tg_reply_bad_address(text);
		return 0;
	}
	why->datapath = daemon->datapath;
	keyed = tg_datapath_why(daemon->datapath, why->address.address, why->views, &why->n,
				&why->list);
	if (keyed > 0)
		return 1;
	*reply = keyed ? tg_reply_fail(TG_EXIT_FAILED, "the bucket table, or the allow and deny "
						       "lists, cannot be read")
		       : finish_why(daemon, why);
	return 0;
}

static int take_of_source(void *state, const struct tg_bucket_view *view)
{
	struct why *why = state;

	return tg_datapath_why_take(why->datapath, why->address.address, view, why->views, &why->n);
}

static void end_why(void *state)
{
}

const struct tg_walk_kind tg_walk_why = {
	.size = sizeof(struct why),
	.begin = begin_why,
	.take = take_of_source,
	.finish = finish_why,
	.end = end_why,
};
