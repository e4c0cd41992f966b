/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Limits shared between nodes: what the packet programs and the daemon exchange. */
#ifndef TIDEGATE_SHARED_H
#define TIDEGATE_SHARED_H

#include "abi.h"

/*
 * How a shared limit is enforced, by slot, written by the daemon. After fresh_until the node is on
 * its own, which is so too when no daemon runs any more.
 */
struct tg_share_state {
	__u64 fresh_until; /* ns on CLOCK_MONOTONIC */
	__u32 price;	   /* tokens that one token costs while the node is on its own; 0 means 1 */
	__u32 open;	   /* on its own the node admits everything */
};

_Static_assert(sizeof(struct tg_share_state) == 16, "share state");

/* Report of a source in a shared limit that the daemon does not watch yet. */
struct tg_share_report {
	struct tg_bucket_key key;
	__u64 tokens; /* taken since the bucket was full or was last reported */
};

_Static_assert(sizeof(struct tg_share_report) == 32, "share report");

/* A bucket is not reported for this long after the daemon has collected its tokens, ns. */
#define TG_WATCHED_NS TG_NS_PER_S

#define TG_DEBITS_MAX 4096 /* per run of the debit program */

/* A debit: what the daemon charges to a bucket of a shared limit, and what it collects from it. */
struct tg_debit {
	struct tg_bucket_key key;
	__u64 due;   /* tokens taken on other nodes; out: those not charged yet */
	__u64 most;  /* tokens that the bucket may owe beyond being empty */
	__s64 taken; /* out: tokens given since the last run; below 0 if more were given back */
	__u64 owed;  /* out: tokens below empty, before @most was applied */
};

_Static_assert(sizeof(struct tg_debit) == 56, "debit");

struct tg_debit_batch {
	__u64 now[TG_CLOCKS]; /* the program's own: the clocks at the beginning, ns */
	__u32 n;	      /* debits in the map */
	__u32 pad;
};

_Static_assert(sizeof(struct tg_debit_batch) == 24, "debit batch");

#endif
