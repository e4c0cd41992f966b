/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Buckets as user space sees them: it reads them, and never writes a live one. */
#ifndef TG_DATAPATH_BUCKET_VIEW_H
#define TG_DATAPATH_BUCKET_VIEW_H

#include <stdint.h>
#include <tidegate/abi.h>

#include "policy/compile.h"
#include "kernel/program.h"
#include "datapath/stats.h"

/* The state word of a full bucket, now. */
uint64_t tg_bucket_full_state(const struct tg_rate *rate, uint32_t version);

/* Of limits that did not exist before: counters of zero, and the buckets that sources share full. 0
 * or -errno. */
int tg_buckets_clear_fresh(const struct tg_program *program, const struct tg_compiled *compiled);

/* The part of a view that follows from the bucket, its limit's rates and the clock. */
void tg_bucket_measure(const struct tg_limit_record *record, const struct tg_bucket *bucket,
		       uint64_t tick, struct tg_bucket_view *view);

#endif
