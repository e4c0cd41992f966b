/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buckets as user space sees them: it reads them, and never writes a live one. */
#ifndef TG_BUCKETS_H
#define TG_BUCKETS_H

#include <stdint.h>
#include <tidegate/abi.h>

#include "stats.h"

/* The state word of a full bucket, now. */
uint64_t tg_bucket_full_state(const struct tg_rate *rate, uint32_t version);

/* The part of a view that follows from the bucket, its limit's rates and the clock. */
void tg_bucket_measure(const struct tg_limit_record *record, const struct tg_bucket *bucket,
		       uint64_t tick, struct tg_bucket_view *view);

typedef int tg_bucket_function(void *data, const struct tg_bucket_key *key,
			       const struct tg_bucket *bucket);

/*
 * Calls @each for every entry of the table with descriptor @fd, as it stands at about now, until
 * it returns nonzero. 0 or -errno: that of @each, or if the table cannot be read.
 */
int tg_buckets_each(int fd, tg_bucket_function *each, void *data);

/*
 * The same in steps of up to 4,096 entries. A step returns 1 if there is more, 0 at the end or if
 * @each returned more than 0, or -errno. NULL: out of memory.
 */
struct tg_buckets_walk;
struct tg_buckets_walk *tg_buckets_walk_new(void);
void tg_buckets_walk_free(struct tg_buckets_walk **walk); /* NULL-safe; sets *walk to NULL */
int tg_buckets_step(struct tg_buckets_walk *walk, int fd, tg_bucket_function *each, void *data);

/* Copies all buckets to a table that no program uses yet, as far as there is room. */
int tg_buckets_copy(int from, int to);

#endif
