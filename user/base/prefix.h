/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 and IPv6 prefixes, both as 128 bits: IPv4 is ::ffff:a.b.c.d, with 96 added to the length. */
#ifndef TG_BASE_PREFIX_H
#define TG_BASE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tg_prefix {
	uint8_t address[16]; /* network byte order; bits past the length are zero */
	uint8_t length;	     /* 0..128 */
};

/*
 * A list. All zero is the empty list. Lists may share their items, which then do not change: who
 * adds to such a list gets items of its own first.
 */
struct tg_prefix_list {
	struct tg_prefix
		*items; /* with a count of owners before them; see tg_prefix_list_share() */
	size_t n, room;
};

#define TG_PREFIX_TEXT_SIZE 64 /* bytes, with the NUL */

/*
 * Parses "192.0.2.0/24", "2001:db8::/32", or an address alone (/32 or /128). Bits set past the
 * length are an error, because the writer meant something else. Returns 0, or -EINVAL with a
 * sentence in @why that says what would be right. Leaves *@prefix unchanged on failure.
 */
int tg_prefix_parse(const char *text, struct tg_prefix *prefix, char *why, size_t why_size);

/*
 * Parses as tg_prefix_parse() does, and takes what ban tools hand over as it is meant: clears bits
 * past the length, and makes ::ffff:192.0.2.1 IPv4. *@changed (NULL: nobody asks) gets whether
 * *@prefix is another than was written.
 */
int tg_prefix_parse_loose(const char *text, struct tg_prefix *prefix, bool *changed, char *why,
			  size_t why_size);

/*
 * Writes the prefix to @text as users write it: IPv4 dotted with a length of 0 to 32, IPv6 as in
 * RFC 5952. Returns @text. @size: TG_PREFIX_TEXT_SIZE is enough for all.
 */
const char *tg_prefix_format(const struct tg_prefix *prefix, char *text, size_t size);

/* Returns whether the prefix lies in ::ffff:0:0/96. ::/0 does not. */
bool tg_prefix_is_ipv4(const struct tg_prefix *prefix);

/*
 * Returns whether an address, as in struct tg_prefix, lies in the prefix. IPv4 addresses lie in no
 * IPv6 prefix, not even ::/0.
 */
bool tg_prefix_has(const struct tg_prefix *prefix, const uint8_t address[16]);

/* Appends a copy of @prefix. Returns 0, or -ENOMEM with the list unchanged. */
int tg_prefix_list_add(struct tg_prefix_list *list, const struct tg_prefix *prefix);

/* Makes @to share the items of @from. Does not free what @to held before. */
void tg_prefix_list_share(struct tg_prefix_list *to, const struct tg_prefix_list *from);

/* Returns whether both have the same items in the same order. At once if they share them. */
bool tg_prefix_list_equal(const struct tg_prefix_list *a, const struct tg_prefix_list *b);

/*
 * Sorts by address, then by length, and removes repetitions. A list that shares its items must be
 * in order already; then nothing is done.
 */
void tg_prefix_list_sort_unique(struct tg_prefix_list *list);

/* Frees the items, unless another list shares them, and leaves the empty list. */
void tg_prefix_list_clear(struct tg_prefix_list *list);

#endif
