/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The entries' inside, shared by entries.c (keeps, changes) and listed.c (reads). */
#ifndef TG_DATAPATH_ENTRIES_PRIVATE_H
#define TG_DATAPATH_ENTRIES_PRIVATE_H

#include <stdbool.h>
#include <stdint.h>
#include <tidegate/abi.h>

#include "base/prefix.h"
#include "kernel/program.h"

struct tg_datapath;

/* What the daemon knows of them, beyond what the kernel has. */
struct tg_entries {
	uint32_t n;
	uint64_t soonest; /* ns on CLOCK_MONOTONIC: none ends before */
	/* A walk that takes expired ones out, some at a time. */
	bool walking;
	bool begun; /* entries up to `at` are done */
	struct tg_lpm_key at;
	uint64_t soonest_left; /* of those that are done */
};

#define TG_ENTRIES_BATCH 1024

struct tg_entries_batch {
	struct tg_lpm_key keys[TG_ENTRIES_BATCH];
	struct tg_entry values[TG_ENTRIES_BATCH];
	uint32_t n;
};

/*
 * Reads the entries behind @after, which must be one of them (NULL: from the first), in the
 * order of tg_lpm_compare(). Returns 1 if there may be more, 0 if not, or -errno.
 */
int tg_entries_read(int fd, const struct tg_lpm_key *after, struct tg_entries_batch *batch);

/* The entry of exactly this prefix. */
bool tg_entries_get(int fd, const struct tg_lpm_key *key, struct tg_entry *entry);

struct tg_lpm_key tg_lpm_key_of(const struct tg_prefix *prefix);
struct tg_prefix tg_lpm_prefix(const struct tg_lpm_key *key);

/* By address; a longer prefix comes before a shorter one around it. */
int tg_lpm_compare(const struct tg_lpm_key *a, const struct tg_lpm_key *b);

/* Finds the entries that an earlier daemon has left. */
void tg_entries_adopt(struct tg_datapath *datapath);

/* Unpins them, so that they are gone with the last program. */
void tg_entries_forget(const struct tg_datapath *datapath);

/* About once a second: takes expired ones out. */
int tg_entries_expire(struct tg_datapath *datapath);

/* Tells the packet programs, by way of any of them, how many there are at most. */
int tg_entries_announce(const struct tg_program *program, uint32_t n);

#endif
