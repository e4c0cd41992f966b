/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allow and deny entries that are added and removed while the daemon runs, beside the lists of the
 * configuration. They live in a pinned map of their own and outlast reloads and daemons.
 */
#ifndef TG_DATAPATH_ENTRIES_H
#define TG_DATAPATH_ENTRIES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

#include "base/prefix.h"

struct tg_datapath;

/* One prefix on one list. */
struct tg_list_view {
	enum tg_list list; /* TG_LIST_NEITHER: none was found */
	struct tg_prefix prefix;
	bool dynamic;	  /* false: from the configuration, so without note and end */
	uint64_t left_ns; /* TG_NO_END: does not end */
	uint64_t added;	  /* s on CLOCK_REALTIME */
	char note[TG_NOTE_SIZE];
};

/*
 * Puts @prefixes on @list for @for_ns (ns; TG_NO_END: for good), each with @note (NULL: none). A
 * prefix that is on the list already gets the new end and note; *@replaced counts these. Returns 0
 * or -errno, -ENOSPC if the map is full; the first *@done of @prefixes are on the list even then.
 */
int tg_datapath_add_entries(struct tg_datapath *datapath, enum tg_list list,
			    const struct tg_prefix_list *prefixes, uint64_t for_ns,
			    const char *note, size_t *done, size_t *replaced);

/* Takes @prefixes off @list and adds those that are not on it to *@missing, which the caller frees.
 * Returns 0 or -errno. */
int tg_datapath_remove_entries(struct tg_datapath *datapath, enum tg_list list,
			       const struct tg_prefix_list *prefixes,
			       struct tg_prefix_list *missing);

/* Where a listing goes on. All zero: from the start. */
struct tg_list_cursor {
	size_t configured; /* prefixes of the configuration that are passed */
	bool any;	   /* entries up to `after` are passed */
	struct tg_prefix after;
};

/*
 * Calls @each for every prefix on @list from *@cursor on, until it returns nonzero: first those of
 * the configuration, then entries by address. Moves *@cursor behind the last prefix given to @each,
 * so that a later call goes on from there. Returns 0, what @each returned, or -errno.
 */
int tg_datapath_each_listed(const struct tg_datapath *datapath, enum tg_list list,
			    struct tg_list_cursor *cursor,
			    int (*each)(void *data, const struct tg_list_view *view), void *data);

/*
 * Fills *@view with the prefix that decides about the source @address (16 bytes, network order), by
 * the rule of the packet programs. view->list is TG_LIST_NEITHER if none does.
 */
void tg_datapath_find_listed(const struct tg_datapath *datapath, const uint8_t address[16],
			     struct tg_list_view *view);

#endif
