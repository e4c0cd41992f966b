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
	bool automatic;	  /* a program denies it */
	uint64_t left_ns; /* TG_NO_END: does not end */
	uint64_t added;	  /* s on CLOCK_REALTIME */
	char note[TG_NOTE_SIZE];
};

/* What is to be put on a list. */
struct tg_entry_wish {
	struct tg_prefix prefix;
	uint64_t for_ns;  /* TG_NO_END: for good */
	const char *note; /* borrowed; NULL: none */
};

struct tg_entries_added {
	size_t added;	 /* were not on the list before */
	size_t replaced; /* were, and have the new end and note */
	size_t kept;	 /* were put there by hand, which a program does not change */
	size_t outdone;	 /* are not added, because what `allow` says comes first */
	struct tg_prefix first_outdone;
};

/*
 * Puts @n prefixes on @list. A deny entry for a prefix that is on the allow list, of the
 * configuration or by an entry, would have no effect and is not added. With @automatic, for
 * programs that deny, an allow entry for a shorter prefix around it counts as well, and one that
 * comes later takes the deny entry off. Returns 0 or -errno, -ENOSPC if the map is full; *@added
 * says how far it got even then.
 */
int tg_datapath_add_entries(struct tg_datapath *datapath, enum tg_list list, bool automatic,
			    const struct tg_entry_wish *wishes, size_t n,
			    struct tg_entries_added *added);

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
 * the rule of the packet programs. view->list is TG_LIST_NEITHER if none does. Returns 0 or -errno.
 */
int tg_datapath_find_listed(const struct tg_datapath *datapath, const uint8_t address[16],
			    struct tg_list_view *view);

#endif
