/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon asks of the programs that go through the table of buckets. */
#ifndef TIDEGATE_SWEEP_H
#define TIDEGATE_SWEEP_H

#include "abi.h"

/*
 * The request to the maintenance program, which walks the bucket table in the
 * kernel; user space never writes a live bucket.
 */
enum tg_sweep_flags {
	TG_SWEEP_RECLAIM = 1 << 0, /* take out buckets that have been full for `idle` */
	TG_SWEEP_RESET = 1 << 1,   /* give the tokens back to the buckets selected below */
	TG_SWEEP_BY_LIMIT = 1 << 2,
	TG_SWEEP_BY_ADDRESS = 1 << 3, /* of a source */
	TG_SWEEP_FORGET = 1 << 4,     /* take out the buckets of unknown limits */
	TG_SWEEP_BY_NAME = 1 << 5,    /* `address` is the hash of a key that applications name */
};

/*
 * A bucket of which one packet is all that was seen is worth less than another: spoofed sources
 * leave such, while one that comes again should not find itself a new source in a flood of them.
 */
enum tg_source_age { TG_SEEN_ONCE, TG_RETURNING, TG_SOURCE_AGES };

static inline enum tg_source_age tg_source_age_of(const struct tg_bucket *bucket)
{
	return bucket->admitted + bucket->exceeded > 1 ? TG_RETURNING : TG_SEEN_ONCE;
}

#define TG_CANDIDATES_MAX 4096 /* buckets that one run of the reclaiming program looks at */

struct tg_sweep {
	struct tg_address address;  /* with BY_ADDRESS: in full, masked as each limit has it */
	__u64 now[TG_CLOCKS];	    /* out: ns, what the clocks showed at the beginning */
	__u64 idle[TG_SOURCE_AGES]; /* with RECLAIM: ns for which a bucket must have been full */
	__u32 flags;		    /* enum tg_sweep_flags; older rates are always converted */
	__u32 bank;		    /* whose records tell the limits and their rates */
	__u32 limit_id;		    /* with BY_LIMIT */
	__u32 visited;		    /* out: counts of buckets */
	__u32 reclaimed;
	__u32 converted;
	__u32 reset;
	__u32 candidates; /* to the reclaiming program: entries of its map */
};

_Static_assert(sizeof(struct tg_sweep) == 80, "sweep");

#endif
