// SPDX-License-Identifier: GPL-2.0-or-later
/* Reads, rates, searches and sorts rows. */
#include "cli/top_rows.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/json.h"
#include "base/clock.h"

static int compare_keys(const void *a, const void *b)
{
	const struct tg_top_row *x = a, *y = b;
	int order = strcmp(x->source, y->source);

	return order ? order : strcmp(x->limit, y->limit);
}

static void read_row(const json_t *source, struct tg_top_row *row)
{
	const json_t *port = json_object_get(source, "destination_port"),
		     *protocol = json_object_get(source, "protocol");
	int length;

	length = snprintf(row->source, sizeof(row->source), "%s", tg_json_text(source, "source"));
	if (port)
		length += snprintf(row->source + length, sizeof(row->source) - length, " port %lld",
				   (long long)json_integer_value(port));
	if (protocol)
		snprintf(row->source + length, sizeof(row->source) - length, " protocol %lld",
			 (long long)json_integer_value(protocol));
	snprintf(row->limit, sizeof(row->limit), "%s", tg_json_text(source, "limit"));
	snprintf(row->state, sizeof(row->state), "%s", tg_json_text(source, "state"));
	row->shadow = json_is_true(json_object_get(source, "shadow"));
	row->exceeded = tg_json_number(source, "exceeded");
	row->admitted = tg_json_number(source, "admitted");
	row->remaining = tg_json_number(source, "remaining");
	row->capacity = tg_json_number(source, "capacity");
	row->exceeded_rate = row->admitted_rate = -1;
}

/* Packets a second. A counter that went back belongs to a new bucket, which began at 0. */
static double rate_since(long long now, long long before, double seconds)
{
	return (double)(now >= before ? now - before : now) / seconds;
}

static void add_rates(struct tg_top_rows *rows, const struct tg_top_rows *before)
{
	double seconds = (double)(rows->at - before->at) / NS_PER_S;
	const struct tg_top_row *old;
	size_t i;

	if (seconds <= 0)
		return;
	for (i = 0; i < rows->n; i++) {
		struct tg_top_row *row = &rows->items[i];

		old = bsearch(row, before->items, before->n, sizeof(*old), compare_keys);
		if (!old)
			continue; /* may have existed, but below the rows asked for */
		row->exceeded_rate = rate_since(row->exceeded, old->exceeded, seconds);
		row->admitted_rate = rate_since(row->admitted, old->admitted, seconds);
	}
}

int tg_top_rows_read(const json_t *answer, uint64_t at, const struct tg_top_rows *before,
		     struct tg_top_rows **rows)
{
	const json_t *sources = json_object_get(answer, "sources"), *source;
	tg_cleanup(tg_top_rows_free) struct tg_top_rows *made = calloc(1, sizeof(*made));
	size_t i;

	if (!made)
		return -ENOMEM;
	made->at = at;
	made->items = calloc(json_array_size(sources) + 1, sizeof(*made->items));
	if (!made->items)
		return -ENOMEM;
	json_array_foreach(sources, i, source) read_row(source, &made->items[made->n++]);
	/* By key, because the next call looks them up by bsearch(). */
	qsort(made->items, made->n, sizeof(*made->items), compare_keys);
	if (before)
		add_rates(made, before);
	*rows = TAKE_PTR(made);
	return 0;
}

void tg_top_rows_search(struct tg_top_rows *rows, const char *text)
{
	size_t i, kept = 0;

	for (i = 0; i < rows->n; i++)
		if (strcasestr(rows->items[i].source, text) ||
		    strcasestr(rows->items[i].limit, text))
			rows->items[kept++] = rows->items[i];
	rows->n = kept;
}

static int descending(double a, double b)
{
	return (a < b) - (a > b);
}

static int by_exceeded(const void *a, const void *b)
{
	const struct tg_top_row *x = a, *y = b;
	int order = descending(x->exceeded, y->exceeded);

	return order ? order : compare_keys(a, b);
}

static int by_admitted(const void *a, const void *b)
{
	const struct tg_top_row *x = a, *y = b;
	int order = descending(x->admitted, y->admitted);

	return order ? order : compare_keys(a, b);
}

static int by_exceeded_rate(const void *a, const void *b)
{
	const struct tg_top_row *x = a, *y = b;
	int order = descending(x->exceeded_rate, y->exceeded_rate);

	return order ? order : by_exceeded(a, b);
}

static int by_admitted_rate(const void *a, const void *b)
{
	const struct tg_top_row *x = a, *y = b;
	int order = descending(x->admitted_rate, y->admitted_rate);

	return order ? order : by_admitted(a, b);
}

void tg_top_rows_sort(struct tg_top_rows *rows, enum tg_top_order order)
{
	static int (*const orders[])(const void *, const void *) = {
		[TG_TOP_EXCEEDED] = by_exceeded,
		[TG_TOP_ADMITTED] = by_admitted,
		[TG_TOP_EXCEEDED_RATE] = by_exceeded_rate,
		[TG_TOP_ADMITTED_RATE] = by_admitted_rate,
		[TG_TOP_SOURCE] = compare_keys,
	};

	qsort(rows->items, rows->n, sizeof(*rows->items), orders[order]);
}

void tg_top_rows_free(struct tg_top_rows **rows)
{
	if (!*rows)
		return;
	free((*rows)->items);
	free(*rows);
	*rows = NULL;
}
