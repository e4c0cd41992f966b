/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Limits shared between nodes: what the packet programs and the daemon tell each other. */
#ifndef TIDEGATE_SHARED_H
#define TIDEGATE_SHARED_H

#include "abi.h"

/*
 * How a shared limit is enforced, by slot. The daemon writes it. Past fresh_until, as when there is
 * no daemon any more, the node is on its own.
 */
struct tg_share_state {
	__u64 fresh_until; /* ns on CLOCK_MONOTONIC */
	__u32 price;	   /* tokens that one costs a node on its own; 0 is 1 */
	__u32 open;	   /* a node on its own admits everything */
};

_Static_assert(sizeof(struct tg_share_state) == 16, "share state");

/* A source of a shared limit that takes tokens and is not watched: the daemon may want to. */
struct tg_share_report {
	struct tg_bucket_key key;
	__u64 tokens; /* taken since it was at rest or last reported */
};

_Static_assert(sizeof(struct tg_share_report) == 32, "share report");

/* For this long after the daemon has asked for a bucket's tokens, it is not reported. */
#define TG_WATCHED_NS 1000000000ULL

#define TG_DEBITS_MAX 4096 /* in one run of the debit program */

/* What the daemon charges to a bucket of a shared limit, and what it learns of it. */
struct tg_debit {
	struct tg_bucket_key key;
	__u64 due;   /* tokens that were taken elsewhere; out: of those, what is still to be charged
		      */
	__u64 most;  /* tokens that the bucket may owe beyond being empty */
	__s64 taken; /* out: since the last time; below 0 if more was given back */
	__u64 owed; /* out: tokens beyond being empty, before what is more than @most was let off */
};

_Static_assert(sizeof(struct tg_debit) == 56, "debit");

struct tg_debit_batch {
	__u64 now[TG_CLOCKS]; /* out: ns, what the clocks showed at the beginning */
	__u32 n;	      /* entries of the map of debits */
	__u32 pad;
};

_Static_assert(sizeof(struct tg_debit_batch) == 24, "debit batch");

#endif
