/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Requests of the daemon to the programs that maintain the table of buckets. */
#ifndef TIDEGATE_SWEEP_H
#define TIDEGATE_SWEEP_H

#include "abi.h"

/* What a sweep does. It runs in the kernel, because user space never writes a bucket in use. */
enum tg_sweep_flags {
	TG_SWEEP_RECLAIM = 1 << 0, /* takes out buckets that have been full for `idle` */
	TG_SWEEP_RESET = 1 << 1,   /* gives their tokens back to the buckets selected below */
	TG_SWEEP_BY_LIMIT = 1 << 2,
	TG_SWEEP_BY_ADDRESS = 1 << 3, /* of a source */
	TG_SWEEP_FORGET = 1 << 4,     /* takes out buckets of unknown limits */
	TG_SWEEP_BY_NAME = 1 << 5,    /* `address` is the hash of a key that an application names */
};

/*
 * How well a source is known. A bucket that has seen one packet is reclaimed sooner: spoofed
 * sources leave such buckets, while a source that returns must keep its own during a flood of
 * them.
 */
enum tg_source_age { TG_SEEN_ONCE, TG_RETURNING, TG_SOURCE_AGES };

static inline enum tg_source_age tg_source_age_of(const struct tg_bucket *bucket)
{
	return bucket->admitted + bucket->exceeded > 1 ? TG_RETURNING : TG_SEEN_ONCE;
}

/*
 * A sweep is made by many short runs of the program, because the kernel may let nobody else have
 * the CPU during one. It goes over numbers: first those of the overflow buckets, then those of the
 * table's entries. The daemon runs it with the same request until `more` is 0.
 */
#define TG_OVERFLOW_BUCKETS (TG_LIMITS_MAX * TG_OVERFLOW_PER_LIMIT)
#define TG_SWEEP_RUN	    2048 /* numbers of a run: docs/datapath.md says how long it takes */

#define TG_CANDIDATES_MAX 4096 /* table entries that one run of the reclaiming program looks at */

struct tg_sweep {
	struct tg_address address;  /* with BY_ADDRESS: in full; each limit masks it */
	__u64 now[TG_CLOCKS];	    /* out: the clocks at the beginning of the run, ns */
	__u64 idle[TG_SOURCE_AGES]; /* with RECLAIM: how long a bucket must have been full, ns */
	__u32 flags;	/* enum tg_sweep_flags; buckets of older rates are converted in any case */
	__u32 bank;	/* the bank whose records describe the limits and their rates */
	__u32 limit_id; /* with BY_LIMIT */
	__u32 visited;	/* out: numbers of buckets, of all runs */
	__u32 reclaimed;
	__u32 converted; /* overflow buckets included */
	__u32 reset;
	__u32 candidates; /* entries in the map `candidates`, for the reclaiming program */
	__u32 next;	  /* in: the number to begin at, first 0; out: the one to go on at */
	__u32 count;	  /* in: how many numbers the run goes over, at most */
	__u32 more;	  /* out: 0 at the end */
	__u32 pad;
};

_Static_assert(sizeof(struct tg_sweep) == 96, "sweep");

#endif
