/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPv4 and IPv6 prefixes, both as 128 bits: IPv4 is ::ffff:a.b.c.d with 96 added to the length. */
#ifndef TG_BASE_PREFIX_H
#define TG_BASE_PREFIX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tg_prefix {
	uint8_t address[16]; /* network byte order; bits past the length are zero */
	uint8_t length;	     /* 0..128 */
};

struct tg_prefix_list {
	struct tg_prefix *items;
	size_t n, room;
};

#define TG_PREFIX_TEXT_SIZE 64

/*
 * "192.0.2.0/24", "2001:db8::/32", or an address alone (/32, /128). Bits set past the
 * length are an error (the writer meant something else). Returns 0, or -EINVAL with a
 * sentence in @why that says what would be right; *@prefix is untouched on failure.
 */
int tg_prefix_parse(const char *text, struct tg_prefix *prefix, char *why, size_t why_size);

/* Writes the prefix in the form users write it: IPv4 dotted with its own length, RFC 5952 for IPv6.
 */
const char *tg_prefix_format(const struct tg_prefix *prefix, char *text, size_t size);

bool tg_prefix_is_ipv4(const struct tg_prefix *prefix);

/* Whether an address lies in the prefix. IPv6 prefixes, also ::/0, have no IPv4 address. */
bool tg_prefix_has(const struct tg_prefix *prefix, const uint8_t address[16]);

int tg_prefix_list_add(struct tg_prefix_list *list,
		       const struct tg_prefix *prefix); /* 0 or -ENOMEM */
int tg_prefix_list_copy(struct tg_prefix_list *to,
			const struct tg_prefix_list *from); /* 0 or -ENOMEM */
void tg_prefix_list_sort_unique(struct tg_prefix_list *list);
void tg_prefix_list_clear(struct tg_prefix_list *list);

#endif
