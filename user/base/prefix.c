/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parses, prints and compares IPv4 and IPv6 prefixes, and keeps lists of them. */
#include "base/prefix.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcount.h"
#include "base/text.h"

static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

bool tg_prefix_is_ipv4(const struct tg_prefix *prefix)
{
	return prefix->length >= 96 && memcmp(prefix->address, mapped, sizeof(mapped)) == 0;
}

/* Clears the bits past the length. Returns whether any was set. */
static bool clear_host_bits(struct tg_prefix *prefix)
{
	bool any = false;
	unsigned int i;

	for (i = 0; i < 16; i++) {
		unsigned int kept = prefix->length > i * 8 ? prefix->length - i * 8 : 0;
		uint8_t mask = kept >= 8 ? 0xff : (uint8_t)(0xff00 >> kept);

		any |= (prefix->address[i] & ~mask) != 0;
		prefix->address[i] &= mask;
	}
	return any;
}

/* Parses the address before the slash. Returns 128 for IPv6, 32 for IPv4, 0 if it is neither. */
static unsigned int parse_address(const char *text, size_t length, uint8_t *address)
{
	char copy[INET6_ADDRSTRLEN];

	if (length >= sizeof(copy))
		return 0;
	memcpy(copy, text, length);
	copy[length] = '\0';
	if (inet_pton(AF_INET6, copy, address) == 1)
		return 128;
	if (inet_pton(AF_INET, copy, address + 12) != 1)
		return 0;
	memcpy(address, mapped, sizeof(mapped));
	return 32;
}

static int parse_length(const char *text, unsigned int most, unsigned int *length)
{
	size_t n = strspn(text, "0123456789");

	/* Refuse leading zeros, because some programs read them as octal. */
	if (n == 0 || n > 3 || text[n] != '\0' || (text[0] == '0' && n > 1))
		return -EINVAL;
	*length = (unsigned int)strtoul(text, NULL, 10);
	return *length <= most ? 0 : -EINVAL;
}

/* *@most gets 32 for what is written as IPv4, 128 for IPv6. Host bits stay. */
static int parse(const char *text, struct tg_prefix *prefix, unsigned int *most, char *why,
		 size_t why_size)
{
	const char *slash = strchrnul(text, '/');
	char quoted[TG_QUOTE_SIZE];
	unsigned int length;

	tg_text_quote(text, quoted, sizeof(quoted));
	*most = parse_address(text, (size_t)(slash - text), prefix->address);
	if (!*most) {
		snprintf(why, why_size,
			 "%s is not a prefix; write it as 192.0.2.0/24 or 2001:db8::/32", quoted);
		return -EINVAL;
	}
	length = *most;
	if (*slash && parse_length(slash + 1, *most, &length) < 0) {
		snprintf(why, why_size,
			 "%s is not a prefix; the length of an %s prefix is a number from 0 to %u",
			 quoted, *most == 32 ? "IPv4" : "IPv6", *most);
		return -EINVAL;
	}
	prefix->length = (uint8_t)(*most == 32 ? length + 96 : length);
	return 0;
}

int tg_prefix_parse_loose(const char *text, struct tg_prefix *prefix, bool *changed, char *why,
			  size_t why_size)
{
	struct tg_prefix parsed = {0};
	unsigned int most;
	int error = parse(text, &parsed, &most, why, why_size);
	bool cleared;

	if (error)
		return error;
	cleared = clear_host_bits(&parsed);
	if (changed)
		*changed = cleared || (most == 128 && tg_prefix_is_ipv4(&parsed));
	*prefix = parsed;
	return 0;
}

int tg_prefix_parse(const char *text, struct tg_prefix *prefix, char *why, size_t why_size)
{
	char quoted[TG_QUOTE_SIZE], right[TG_PREFIX_TEXT_SIZE];
	struct tg_prefix parsed = {0};
	unsigned int most;
	int error = parse(text, &parsed, &most, why, why_size);

	if (error)
		return error;
	tg_text_quote(text, quoted, sizeof(quoted));
	if (clear_host_bits(&parsed)) {
		snprintf(why, why_size, "%s has bits set past its length; write %s", quoted,
			 tg_prefix_format(&parsed, right, sizeof(right)));
		return -EINVAL;
	}
	/* The packet programs refuse such IPv6 packets, so only IPv4 can be meant. */
	if (most == 128 && tg_prefix_is_ipv4(&parsed)) {
		snprintf(why, why_size, "%s is an IPv4 prefix in the form of IPv6; write %s",
			 quoted, tg_prefix_format(&parsed, right, sizeof(right)));
		return -EINVAL;
	}
	*prefix = parsed;
	return 0;
}

const char *tg_prefix_format(const struct tg_prefix *prefix, char *text, size_t size)
{
	char address[INET6_ADDRSTRLEN];

	if (tg_prefix_is_ipv4(prefix)) {
		inet_ntop(AF_INET, prefix->address + 12, address, sizeof(address));
		snprintf(text, size, "%s/%d", address, prefix->length - 96);
	} else {
		inet_ntop(AF_INET6, prefix->address, address, sizeof(address));
		snprintf(text, size, "%s/%d", address, prefix->length);
	}
	return text;
}

bool tg_prefix_has(const struct tg_prefix *prefix, const uint8_t address[16])
{
	static const struct tg_prefix ipv4 = {.address = {[10] = 0xff, [11] = 0xff}, .length = 96};
	unsigned int whole = prefix->length / 8, rest = prefix->length % 8;

	if (prefix->length < 96 && memcmp(address, ipv4.address, 12) == 0)
		return false;
	if (memcmp(prefix->address, address, whole) != 0)
		return false;
	return !rest || (prefix->address[whole] ^ address[whole]) >> (8 - rest) == 0;
}

/* What the items of a list lie in. */
struct block {
	unsigned int others; /* lists that share the items, beyond the first */
	struct tg_prefix items[];
};

static struct block *block_of(const struct tg_prefix_list *list)
{
	return (struct block *)((char *)list->items - offsetof(struct block, items));
}

static bool is_shared(const struct tg_prefix_list *list)
{
	return list->items && tg_refcount_shared(&block_of(list)->others);
}

/* Makes room for @room items, in a block that no other list shares. */
static int make_room(struct tg_prefix_list *list, size_t room)
{
	size_t bytes = sizeof(struct block) + room * sizeof(*list->items);
	struct block *block;

	if (is_shared(list)) {
		struct tg_prefix_list own = {.n = list->n, .room = room};

		block = malloc(bytes);
		if (!block)
			return -ENOMEM;
		block->others = 0;
		own.items = block->items;
		memcpy(own.items, list->items, list->n * sizeof(*list->items));
		tg_prefix_list_clear(list);
		*list = own;
		return 0;
	}
	block = realloc(list->items ? block_of(list) : NULL, bytes);
	if (!block)
		return -ENOMEM;
	if (!list->items)
		block->others = 0;
	list->items = block->items;
	list->room = room;
	return 0;
}

int tg_prefix_list_add(struct tg_prefix_list *list, const struct tg_prefix *prefix)
{
	struct tg_prefix added = *prefix; /* which may be one of the list's own */

	if ((list->n == list->room || is_shared(list)) &&
	    make_room(list, list->n < 8 ? 16 : list->n * 2))
		return -ENOMEM;
	list->items[list->n++] = added;
	return 0;
}

void tg_prefix_list_share(struct tg_prefix_list *to, const struct tg_prefix_list *from)
{
	if (from->items)
		tg_refcount_get(&block_of(from)->others);
	*to = *from;
}

bool tg_prefix_list_equal(const struct tg_prefix_list *a, const struct tg_prefix_list *b)
{
	if (a->n != b->n)
		return false;
	return a->items == b->items || !a->n ||
	       memcmp(a->items, b->items, a->n * sizeof(*a->items)) == 0;
}

static int compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct tg_prefix));
}

_Static_assert(sizeof(struct tg_prefix) == 17, "no padding: compared as bytes");

static bool is_in_order(const struct tg_prefix_list *list)
{
	size_t i;

	for (i = 1; i < list->n; i++)
		if (compare(&list->items[i - 1], &list->items[i]) >= 0)
			return false;
	return true;
}

void tg_prefix_list_sort_unique(struct tg_prefix_list *list)
{
	size_t i, kept = 0;

	if (is_in_order(list))
		return;
	qsort(list->items, list->n, sizeof(*list->items), compare);
	for (i = 1; i < list->n; i++) {
		if (compare(&list->items[kept], &list->items[i]) != 0)
			list->items[++kept] = list->items[i];
	}
	list->n = kept + 1;
}

void tg_prefix_list_clear(struct tg_prefix_list *list)
{
	if (list->items && tg_refcount_put(&block_of(list)->others))
		free(block_of(list));
	*list = (struct tg_prefix_list){0};
}
