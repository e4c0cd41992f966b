/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Allow and deny entries that come and go while the daemon runs, beside the lists of the
 * configuration. They live in a pinned map of their own and outlast reloads and daemons.
 * Functions return 0 or -errno.
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
	bool dynamic;	  /* or of the configuration, which has no note and no end */
	uint64_t left_ns; /* TG_NO_END: does not end */
	uint64_t added;	  /* s on CLOCK_REALTIME */
	char note[TG_NOTE_SIZE];
};

/*
 * Puts @prefixes on @list for @for_ns (TG_NO_END: for good). One that is there already gets
 * the new end and note; *@replaced counts these. -ENOSPC: no room; the first *@done are in.
 */
int tg_datapath_add_entries(struct tg_datapath *datapath, enum tg_list list,
			    const struct tg_prefix_list *prefixes, uint64_t for_ns,
			    const char *note, size_t *done, size_t *replaced);

/* Takes @prefixes off @list, as far as they are on it; *@missing gets the others. */
int tg_datapath_remove_entries(struct tg_datapath *datapath, enum tg_list list,
			       const struct tg_prefix_list *prefixes,
			       struct tg_prefix_list *missing);

/* Where a listing goes on; all zero: from the start. */
struct tg_list_cursor {
	size_t configured; /* prefixes of the configuration that are done */
	bool any;	   /* entries have begun: up to @after they are done */
	struct tg_prefix after;
};

/*
 * Calls @each for every prefix on @list from *@cursor on, which is moved along, until it
 * returns nonzero (which is returned): the configuration's first, then entries by address.
 */
int tg_datapath_each_listed(const struct tg_datapath *datapath, enum tg_list list,
			    struct tg_list_cursor *cursor,
			    int (*each)(void *data, const struct tg_list_view *view), void *data);

/* What decides about a source, as the packet programs see it. */
void tg_datapath_find_listed(const struct tg_datapath *datapath, const uint8_t address[16],
			     struct tg_list_view *view);

#endif
