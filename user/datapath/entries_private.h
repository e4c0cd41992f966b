/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Shared by entries.c, which changes entries, and entries_read.c, which reads them. */
#ifndef TG_DATAPATH_ENTRIES_PRIVATE_H
#define TG_DATAPATH_ENTRIES_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <tidegate/abi.h>

#include "base/prefix.h"
#include "kernel/program.h"

struct tg_datapath;

/* What the daemon keeps in memory about the entries in the kernel's map. */
struct tg_entries {
	uint32_t n;	  /* entries in the map */
	uint64_t soonest; /* ns on CLOCK_MONOTONIC: no entry ends before */
	/* The walk that removes what has ended or is outdone by the allow list, in batches. */
	bool walking;
	bool begun; /* entries up to `at` are passed */
	struct tg_lpm_key at;
	uint64_t soonest_left; /* `soonest` of the entries passed so far */
	bool automatic;	       /* there may be entries of programs, */
	bool automatic_left;   /* and among those passed so far */
	/* Generations whose allow list entries of programs were held against, by the last walk and
	 * this one. */
	uint32_t heeded, heeding;
};

#define TG_ENTRIES_BATCH 1024

struct tg_entries_batch {
	struct tg_lpm_key keys[TG_ENTRIES_BATCH];
	struct tg_entry values[TG_ENTRIES_BATCH];
	uint32_t n;
};

/*
 * Reads the next entries after @after, which must be in the map (NULL: from the first), in the
 * order of tg_lpm_compare(). batch->n gets how many. Returns 1 if there may be more, 0 if not, or
 * -errno.
 */
int tg_entries_read(int fd, const struct tg_lpm_key *after, struct tg_entries_batch *batch);

/*
 * Returns 1 and fills *@entry if the map has exactly this prefix, 0 if it has not, or -errno. @fd:
 * the map.
 */
int tg_entries_get(int fd, const struct tg_lpm_key *key, struct tg_entry *entry);

/*
 * Returns 1 if the allow list of the configuration or an allow entry has the prefix of @key itself
 * or, unless @exact, a shorter one around it; 0 if not; or -errno.
 */
int tg_entries_allowed(const struct tg_datapath *datapath, const struct tg_lpm_key *key,
		       bool exact);

/* Convert a prefix to the key of a longest-prefix map and back. The way back clears host bits. */
struct tg_lpm_key tg_lpm_key_of(const struct tg_prefix *prefix);
struct tg_prefix tg_lpm_prefix(const struct tg_lpm_key *key);

/* Orders keys as memcmp() does: by address, and a longer prefix before a shorter one around it. */
int tg_lpm_compare(const struct tg_lpm_key *a, const struct tg_lpm_key *b);

/*
 * Counts the entries that an earlier daemon left. Those of an older layout are left alone and
 * logged; then the first publish makes maps of its own. Returns 1 if there are maps to go on with,
 * 0 if not, or -errno with @errmsg.
 */
int tg_entries_adopt(struct tg_datapath *datapath, char *errmsg);

/* Removes expired entries, up to 8,192 a call; to be called once a second. Returns 0 or -errno,
 * logged. */
int tg_entries_expire(struct tg_datapath *datapath);

/* Writes the layout and the upper bound @n of entries to the map that all programs read. Returns 0
 * or -errno. */
int tg_entries_announce(const struct tg_program *program, uint32_t n);

#endif
