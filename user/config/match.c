/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sets of values and addresses that a match consists of: builds, compares and shares them. */
#include "config/match.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/refcount.h"

const char *tg_field_name(enum tg_field field)
{
	static const char *const names[TG_FIELDS] = {
		[TG_FIELD_PROTOCOL] = "protocol",
		[TG_FIELD_SOURCE_PORT] = "source_port",
		[TG_FIELD_DESTINATION_PORT] = "destination_port",
		[TG_FIELD_TCP_FLAGS] = "tcp_flags",
		[TG_FIELD_ICMP_TYPE] = "icmp_type",
		[TG_FIELD_LENGTH] = "length",
	};

	return names[field];
}

unsigned int tg_field_last(enum tg_field field)
{
	switch (field) {
	case TG_FIELD_PROTOCOL:
	case TG_FIELD_TCP_FLAGS:
	case TG_FIELD_ICMP_TYPE:
		return 255;
	default:
		return TG_VALUES - 1;
	}
}

bool tg_field_of_protocol(enum tg_field field, unsigned int protocol)
{
	switch (field) {
	case TG_FIELD_SOURCE_PORT:
	case TG_FIELD_DESTINATION_PORT:
		return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP ||
		       protocol == IPPROTO_UDPLITE || protocol == IPPROTO_SCTP;
	case TG_FIELD_TCP_FLAGS:
		return protocol == IPPROTO_TCP;
	case TG_FIELD_ICMP_TYPE:
		return protocol == IPPROTO_ICMP || protocol == IPPROTO_ICMPV6;
	default:
		return true;
	}
}

void tg_values_add(struct tg_values *values, unsigned int first, unsigned int last)
{
	for (; first <= last; first++)
		values->bits[first / 64] |= 1ULL << (first % 64);
}

bool tg_values_next(const struct tg_values *values, unsigned int *first, unsigned int *last)
{
	unsigned int value = *first;

	while (value < TG_VALUES && !tg_values_has(values, value))
		value++;
	if (value == TG_VALUES)
		return false;
	*first = value;
	while (value < TG_VALUES && tg_values_has(values, value))
		value++;
	*last = value - 1;
	return true;
}

bool tg_values_any(const struct tg_values *values)
{
	unsigned int first = 0, last;

	return tg_values_next(values, &first, &last);
}

/* Linear: for single addresses. Packets are matched by the tries of the compiled policy. */
static bool list_has(const struct tg_prefix_list *list, const uint8_t address[16])
{
	size_t i;

	for (i = 0; i < list->n; i++)
		if (tg_prefix_has(&list->items[i], address))
			return true;
	return false;
}

bool tg_addresses_hold(const struct tg_addresses *addresses, const uint8_t address[16])
{
	if (!addresses->given)
		return true;
	if (!addresses->any && !list_has(&addresses->is, address))
		return false;
	return !list_has(&addresses->is_not, address);
}

bool tg_values_equal(const struct tg_values *a, const struct tg_values *b)
{
	if (a->given != b->given)
		return false;
	return !a->given ||
	       (a->absent == b->absent && memcmp(a->bits, b->bits, sizeof(a->bits)) == 0);
}

bool tg_addresses_equal(const struct tg_addresses *a, const struct tg_addresses *b)
{
	if (a->given != b->given)
		return false;
	return !a->given || (a->any == b->any && tg_prefix_list_equal(&a->is, &b->is) &&
			     tg_prefix_list_equal(&a->is_not, &b->is_not));
}

bool tg_match_equal(const struct tg_match *a, const struct tg_match *b)
{
	int field;

	if (a == b)
		return true;
	for (field = 0; field < TG_FIELDS; field++)
		if (!tg_values_equal(&a->fields[field], &b->fields[field]))
			return false;
	return a->fragments == b->fragments && tg_addresses_equal(&a->source, &b->source) &&
	       tg_addresses_equal(&a->destination, &b->destination);
}

bool tg_match_is_not_ip(const struct tg_match *match)
{
	const struct tg_values *protocol = &match->fields[TG_FIELD_PROTOCOL];

	return protocol->given && tg_values_has(protocol, TG_PROTOCOL_NOT_IP);
}

struct tg_match *tg_match_ref(struct tg_match *match)
{
	tg_refcount_get(&match->others);
	return match;
}

void tg_match_free(struct tg_match **match)
{
	struct tg_match *old = *match;

	*match = NULL;
	if (!old || !tg_refcount_put(&old->others))
		return;
	tg_prefix_list_clear(&old->source.is);
	tg_prefix_list_clear(&old->source.is_not);
	tg_prefix_list_clear(&old->destination.is);
	tg_prefix_list_clear(&old->destination.is_not);
	free(old);
}
