/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the maps of lists and matches hold: those that a generation fills when it is loaded, and
 * never after. They are what takes time, so compiled policies share them, and programs the maps:
 * the same object means the same content. Each has a count of owners (base/refcount.h), and does
 * not change once it is made.
 */
#ifndef TG_POLICY_CONTENTS_H
#define TG_POLICY_CONTENTS_H

#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

#include "base/prefix.h"

/* The map `lists`. */
struct tg_list_content {
	unsigned int others;
	struct tg_prefix_list allow, deny;
};

/* An entry of the map `lists`. */
struct tg_list_entry {
	struct tg_lpm_key key;
	struct tg_listed value;
};

/* An entry of a map by address: a mask of the limits met where this is the longest prefix. */
struct tg_address_entry {
	struct tg_lpm_key key;
	uint64_t limits;
};

/* The map `sources` or `destinations`. */
struct tg_address_entries {
	unsigned int others;
	size_t n;
	struct tg_address_entry items[];
};

/* The map `source_ports`, `destination_ports` or `lengths`: masks of limits by value. */
struct tg_field_masks {
	unsigned int others;
	uint64_t masks[TG_FIELD_VALUES];
};

/* NULL where the policy does not use the map. */
struct tg_contents {
	struct tg_list_content *lists;
	struct tg_address_entries *sources, *destinations;
	struct tg_field_masks *source_ports, *destination_ports, *lengths;
};

/* Makes *@to an owner of all that @from has. Does not free what *@to had before. */
void tg_contents_share(struct tg_contents *to, const struct tg_contents *from);

/* Takes an owner of each away, and frees it after the last. Sets all to NULL. */
void tg_contents_clear(struct tg_contents *contents);

/* Returns the number of entries to be written; @lists may be NULL. */
size_t tg_list_content_size(const struct tg_list_content *lists);

/* Returns entry @i, in the order of writing: later ones replace earlier. */
struct tg_list_entry tg_list_content_entry(const struct tg_list_content *lists, size_t i);

#endif
