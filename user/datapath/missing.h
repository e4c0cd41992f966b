/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interfaces that a configuration means and that are not limited, each with the reason. */
#ifndef TG_DATAPATH_MISSING_H
#define TG_DATAPATH_MISSING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

struct tg_config;

enum tg_missing_reason {
	TG_MISSING_ABSENT,	/* named in the configuration, and there is no such interface */
	TG_MISSING_NO_ROOM,	/* as many interfaces are limited as can be */
	TG_MISSING_REFUSED,	/* the program could not be attached; tried again */
	TG_MISSING_UNSUPPORTED, /* frames with such a header cannot be limited there */
};

struct tg_missing {
	char name[16];
	unsigned int ifindex; /* 0: absent */
	enum tg_hook hook;
	enum tg_missing_reason reason;
	uint64_t retry_ns; /* on CLOCK_MONOTONIC, when it is tried again; only if refused */
	char why[400];	   /* a sentence */
};

/* At most so many are listed, and the rest only counted. */
#define TG_MISSING_MAX 1024

struct tg_missing_list {
	struct tg_missing *items; /* sorted by ifindex and hook once tg_missing_sort() was called */
	size_t n, room;
	size_t unlisted; /* beyond TG_MISSING_MAX, or beyond memory */
};

void tg_missing_free(struct tg_missing_list *list); /* leaves an empty list */

/* Returns a static name: "absent", "no_room", "refused" or "unsupported". */
const char *tg_missing_reason_name(enum tg_missing_reason reason);

/* Copies @missing to the list, or counts it if there is no room. */
void tg_missing_add(struct tg_missing_list *list, const struct tg_missing *missing);

/*
 * Adds an entry for each hook of each interface that @config names without a pattern and that is
 * not there: there[i] is about config->interfaces[i].
 */
void tg_missing_add_absent(struct tg_missing_list *list, const struct tg_config *config,
			   const bool *there);

/* Sorts the list for tg_missing_find(). */
void tg_missing_sort(struct tg_missing_list *list);

/* Returns the entry of that hook of that interface, or NULL. @list must be sorted. */
const struct tg_missing *tg_missing_find(const struct tg_missing_list *list, unsigned int ifindex,
					 enum tg_hook hook);

/*
 * Logs what @list has and @earlier had not: each interface that is refused, and that there is no
 * room for more. Both must be sorted.
 */
void tg_missing_log(const struct tg_missing_list *list, const struct tg_missing_list *earlier);

/* Copies @list to @copy. Returns 0 or -ENOMEM. */
int tg_missing_copy(const struct tg_missing_list *list, struct tg_missing_list *copy);

#endif
