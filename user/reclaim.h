/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Taking out of the table what is not needed there: buckets that are full say the same as none. A
 * pass looks at all of the table in slices of a few milliseconds at most, between which the
 * daemon serves whoever waits.
 */
#ifndef TG_RECLAIM_H
#define TG_RECLAIM_H

#include <stdbool.h>
#include <stdint.h>

struct tg_table_walk;
struct tg_program;

struct tg_reclaim {
	struct tg_table_walk *walk;	  /* the pass under way, or NULL */
	const struct tg_program *program; /* with which it began */
	uint64_t began, next;		  /* ns: this pass; no other one before */
	uint64_t known_idle;	      /* ns that a known source's bucket stays when it is full */
	uint64_t crowded, crowded_at; /* packets that found the table full, and when last (ns) */
	bool announced;		      /* that it is full */
};

/* At most so long, and no shorter however many wait for a place. */
#define TG_KNOWN_IDLE_MAX 300000000000ULL /* ns */
#define TG_KNOWN_IDLE_MIN 10000000000ULL

/*
 * How long the bucket of a known source may stay full in the next pass, if this one has left
 * @used of @size places taken: shorter when few are free, longer when many are. Pure.
 */
uint64_t tg_reclaim_adapt(uint64_t known_idle, uint64_t used, uint64_t size);

#endif
