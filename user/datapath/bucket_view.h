/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a bucket says to a reader, and the start values of buckets that no program uses yet. */
#ifndef TG_DATAPATH_BUCKET_VIEW_H
#define TG_DATAPATH_BUCKET_VIEW_H

#include <stdint.h>
#include <tidegate/abi.h>

#include "policy/compile.h"
#include "kernel/program.h"
#include "datapath/stats.h"

/* Returns the state word of a bucket that is full now, by the clock of @rate. */
uint64_t tg_bucket_full_state(const struct tg_rate *rate, uint32_t version);

/*
 * Clears the counters of limits that the live policy does not have, and fills their overflow
 * buckets. Returns 0 or -errno.
 */
int tg_buckets_clear_fresh(const struct tg_program *program, const struct tg_compiled *compiled);

/*
 * Fills the fields of @view that follow from the bucket, the rates of its limit and the time now,
 * which it reads. view->unit and view->backoff_max must be set before. @tick: ns, resolution of the
 * coarse clock.
 */
void tg_bucket_measure(const struct tg_limit_record *record, const struct tg_bucket *bucket,
		       uint64_t tick, struct tg_bucket_view *view);

#endif
