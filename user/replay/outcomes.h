/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts what each limit of a simulation admitted and refused of each source, in bounded memory.
 * When TG_OUTCOMES_MAX is reached, the half that was refused least is forgotten.
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

/* One source at one limit. */
struct tg_outcome {
	struct tg_outcome_key key;
	uint64_t admitted, refused; /* packets */
	uint64_t refused_bytes;
	uint64_t first, last; /* ns since 1970; times of refusals */
	UT_hash_handle hh;
};

/* Starts all zero. */
struct tg_outcomes {
	struct tg_outcome *table;	 /* by key */
	uint64_t seen[TG_LIMITS_MAX];	 /* sources, by slot of the limit, */
	uint64_t refused[TG_LIMITS_MAX]; /* and those that were refused anything */
	uint64_t forgotten; /* sources. One that comes again is counted once more above. */
	uint64_t short_by;  /* most packets that may be missing from the `refused` of a source */
};

/* Counts @packets of @bytes together that the limit admitted or refused at @now (ns since 1970).
 * Returns 0 or -ENOMEM. */
int tg_outcomes_count(struct tg_outcomes *sources, const struct tg_outcome_key *key, bool refused,
		      uint32_t packets, uint32_t bytes, uint64_t now);

/* Fills @worst with up to @n sources, most packets refused first, and returns how many. They are
 * valid until the next call that counts or clears. */
size_t tg_outcomes_worst(struct tg_outcomes *sources, const struct tg_outcome **worst, size_t n);

/* Frees all that is counted. */
void tg_outcomes_clear(struct tg_outcomes *sources);

#endif
