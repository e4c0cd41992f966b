// SPDX-License-Identifier: GPL-2.0-or-later
/* Keeps the busiest buckets while walking over the table. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "datapath/datapath.h"
#include "control/report.h"
#include "control/top.h"

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

static int take(void *data, const struct tg_bucket_view *view)
{
	struct top *top = data;

	if (top->limit && strcmp(view->limit, top->limit) != 0)
		return 0;
	top->views[top->n++] = *view;
	if (top->n == 2 * top->wanted)
		sort_down(top);
	return 0;
}

int tg_top(struct tg_datapath *datapath, const char *limit, bool by_admitted, size_t n,
	   json_t **result)
{
	tg_autofree struct tg_bucket_view *views = calloc(2 * n, sizeof(*views));
	struct top top = {.views = views,
			  .wanted = n,
			  .limit = limit,
			  .compare = by_admitted ? by_admitted_first : by_exceeded};
	tg_cleanup(tg_stats_free) struct tg_stats *stats = NULL;
	int error;

	if (!views)
		return -ENOMEM;
	error = tg_datapath_stats(datapath, &stats);
	if (!error)
		error = tg_datapath_each_bucket(datapath, take, &top);
	if (error)
		return error;
	sort_down(&top);
	*result = tg_report_top(top.views, top.n, stats->generation);
	return 0;
}
