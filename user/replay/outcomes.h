/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How each source fared with each limit of a simulation. Bounded: when there are too many, those
 * that were refused least are forgotten, so the worst are always there.
 */
#ifndef TG_REPLAY_OUTCOMES_H
#define TG_REPLAY_OUTCOMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>
#include <uthash.h>

#define TG_OUTCOMES_MAX 262144

struct tg_outcome_key {
	struct tg_address address; /* masked */
	uint64_t slot;		   /* of the limit */
};

struct tg_outcome {
	struct tg_outcome_key key;
	uint64_t admitted, refused; /* packets */
	uint64_t refused_bytes;
	uint64_t first, last; /* ns: of the packets refused */
	UT_hash_handle hh;
};

struct tg_outcomes {
	struct tg_outcome *table;	 /* by key */
	uint64_t seen[TG_LIMITS_MAX];	 /* sources, by slot, */
	uint64_t refused[TG_LIMITS_MAX]; /* and those that were refused anything */
	uint64_t forgotten; /* sources; those that come again count once more in the above */
	uint64_t short_by;  /* packets that a source's count of refusals may lack at most */
};

/* Counts a packet that the limit admitted or refused. 0 or -ENOMEM. */
int tg_outcomes_count(struct tg_outcomes *sources, const struct tg_outcome_key *key, bool refused,
		      uint32_t bytes, uint64_t now);

/* The worst refused, by packets, at most @n, to @worst. Returns how many. */
size_t tg_outcomes_worst(struct tg_outcomes *sources, const struct tg_outcome **worst, size_t n);

void tg_outcomes_clear(struct tg_outcomes *sources);

#endif
