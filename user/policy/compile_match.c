// SPDX-License-Identifier: GPL-2.0-or-later
/* Compiles matches: sets the bit of each limit in the masks that the packet programs look up. */
#include <endian.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/refcount.h"
#include "policy/compile_match.h"

static bool is_syn(unsigned int octet)
{
	return (octet & TG_TCP_SYN) && !(octet & TG_TCP_ACK);
}

/* Whether the limit excludes packets of protocols that do not have the field. */
static bool needs_field(const struct tg_config_limit *limit, enum tg_field field)
{
	const struct tg_values *values = &limit->match->fields[field];

	if (field == TG_FIELD_TCP_FLAGS && limit->unit == TG_CONFIG_CONNECTIONS)
		return true;
	return values->given && !values->absent;
}

static bool meets(const struct tg_config_limit *limit, enum tg_field field, unsigned int value)
{
	const struct tg_values *values = &limit->match->fields[field];

	if (field == TG_FIELD_TCP_FLAGS && limit->unit == TG_CONFIG_CONNECTIONS && !is_syn(value))
		return false;
	return !values->given || tg_values_has(values, value);
}

static bool meets_protocol(const struct tg_config_limit *limit, unsigned int protocol)
{
	int field;

	for (field = 0; field < TG_FIELDS; field++)
		if (needs_field(limit, field) && !tg_field_of_protocol(field, protocol))
			return false;
	return meets(limit, TG_FIELD_PROTOCOL, protocol);
}

static bool meets_fragment(const struct tg_config_limit *limit, enum tg_fragment fragment)
{
	/* Later fragments have no TCP flags. */
	if (fragment == TG_FRAGMENT_LATER && needs_field(limit, TG_FIELD_TCP_FLAGS))
		return false;
	switch (limit->match->fragments) {
	case TG_FRAGMENTS_ONLY:
		return fragment != TG_FRAGMENT_NONE;
	case TG_FRAGMENTS_NOT:
		return fragment == TG_FRAGMENT_NONE;
	default:
		return true;
	}
}

void tg_policy_compile_match(const struct tg_config_limit *limit, uint64_t bit,
			     struct tg_policy *policy)
{
	const struct tg_values *fields = limit->match->fields;
	unsigned int i;

	if (tg_match_is_not_ip(limit->match)) {
		policy->not_ip |= bit;
	} else {
		if (fields[TG_FIELD_SOURCE_PORT].given || fields[TG_FIELD_DESTINATION_PORT].given ||
		    fields[TG_FIELD_ICMP_TYPE].given)
			policy->on_transport |= bit;
		if (fields[TG_FIELD_PROTOCOL].given)
			policy->on_protocol |= bit;
		if (((policy->on_transport | policy->on_protocol) & bit) || limit->per_port ||
		    limit->per_protocol)
			policy->has_datagrams = 1;
	}
	for (i = 0; i < 256; i++) {
		if (meets_protocol(limit, i))
			policy->protocols[i] |= bit;
		if (meets(limit, TG_FIELD_TCP_FLAGS, i))
			policy->tcp_flags[i] |= bit;
		else
			policy->has_tcp_flags = 1;
		if (meets(limit, TG_FIELD_ICMP_TYPE, i))
			policy->icmp_types[i] |= bit;
		else
			policy->has_icmp_types = 1;
	}
	for (i = 0; i < TG_FRAGMENTS; i++) {
		if (meets_fragment(limit, i))
			policy->fragments[i] |= bit;
		else
			policy->has_fragments = 1;
	}
}

/* All IPv4 addresses. Prefixes around it, such as ::/0, do not apply inside. */
static const struct tg_prefix ipv4 = {.address = {[10] = 0xff, [11] = 0xff}, .length = 96};

/* A prefix that a limit names. */
struct mention {
	struct tg_prefix prefix;
	uint64_t is, is_not; /* the bit of the limit, in one of the two */
};

struct mentions {
	struct mention *items;
	size_t n;
};

static void free_mentions(struct mentions *mentions)
{
	free(mentions->items);
}

static int compare_mentions(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct tg_prefix)); /* a prefix before those inside it */
}

static const struct tg_addresses *addresses_of(const struct tg_config_limit *limit, bool source)
{
	return source ? &limit->match->source : &limit->match->destination;
}

static void mention_all(struct mentions *mentions, const struct tg_prefix_list *list, uint64_t is,
			uint64_t is_not)
{
	size_t i;

	for (i = 0; i < list->n; i++)
		mentions->items[mentions->n++] = (struct mention){list->items[i], is, is_not};
}

static int collect(const struct tg_config *config, const uint32_t *slots, bool source,
		   struct mentions *mentions)
{
	const struct tg_addresses *addresses;
	size_t i, n = 1;

	for (i = 0; i < config->limits_n; i++) {
		addresses = addresses_of(&config->limits[i], source);
		n += addresses->is.n + addresses->is_not.n;
	}
	mentions->items = calloc(n, sizeof(*mentions->items));
	if (!mentions->items)
		return -ENOMEM;
	mentions->items[mentions->n++].prefix = ipv4;
	for (i = 0; i < config->limits_n; i++) {
		addresses = addresses_of(&config->limits[i], source);
		mention_all(mentions, &addresses->is, 1ULL << slots[i], 0);
		mention_all(mentions, &addresses->is_not, 0, 1ULL << slots[i]);
	}
	qsort(mentions->items, mentions->n, sizeof(*mentions->items), compare_mentions);
	return 0;
}

/* What applies inside a prefix: the mentions of it and of the prefixes around it. */
struct scope {
	struct tg_prefix prefix;
	uint64_t is, is_not;
};

static bool encloses(const struct tg_prefix *outer, const struct tg_prefix *inner)
{
	unsigned int whole = outer->length / 8, rest = outer->length % 8;

	if (outer->length > inner->length || memcmp(outer->address, inner->address, whole) != 0)
		return false;
	return !rest || (outer->address[whole] ^ inner->address[whole]) >> (8 - rest) == 0;
}

/*
 * Makes a trie entry for each different prefix: the limits met by addresses for which it is the
 * longest prefix. @mentions are sorted. @any: limits whose condition every address meets. Returns
 * the number of entries. @open is the stack of scopes around a mention, at most one for each
 * length.
 */
static size_t merge(const struct mentions *mentions, uint64_t any, struct tg_address_entry *entries)
{
	struct scope open[130];
	size_t i, n = 0, depth = 0;

	for (i = 0; i < mentions->n; i++) {
		const struct mention *mention = &mentions->items[i];

		while (depth && !encloses(&open[depth - 1].prefix, &mention->prefix))
			depth--;
		if (!depth || memcmp(&open[depth - 1].prefix, &mention->prefix,
				     sizeof(mention->prefix)) != 0) {
			bool inherits = depth && compare_mentions(mention, &ipv4) != 0;

			open[depth] = inherits ? open[depth - 1] : (struct scope){.is = any};
			open[depth++].prefix = mention->prefix;
			n++;
		}
		open[depth - 1].is |= mention->is;
		open[depth - 1].is_not |= mention->is_not;
		memset(&entries[n - 1], 0, sizeof(entries[n - 1]));
		entries[n - 1].key.prefix_length = mention->prefix.length;
		memcpy(&entries[n - 1].key.address, mention->prefix.address,
		       sizeof(mention->prefix.address));
		entries[n - 1].limits = open[depth - 1].is & ~open[depth - 1].is_not;
	}
	return n;
}

/* Returns the limit that has a slot in @compiled, or NULL. */
static const struct tg_config_limit *limit_in(const struct tg_compiled *compiled, uint32_t slot)
{
	size_t i;

	for (i = 0; i < compiled->config->limits_n; i++)
		if (compiled->slots[i] == slot)
			return &compiled->config->limits[i];
	return NULL;
}

/*
 * Returns whether each slot has a limit with the same condition in both: then a map of masks, which
 * has a bit for each slot, comes out the same. @same: compares the condition that @what stands for.
 */
static bool have_same(const struct tg_compiled *a, const struct tg_compiled *b,
		      bool (*same)(const struct tg_match *a, const struct tg_match *b, int what),
		      int what)
{
	const struct tg_config_limit *other;
	size_t i;

	if (!b || a->config->limits_n != b->config->limits_n)
		return false;
	for (i = 0; i < a->config->limits_n; i++) {
		other = limit_in(b, a->slots[i]);
		if (!other || !same(a->config->limits[i].match, other->match, what))
			return false;
	}
	return true;
}

static bool same_field(const struct tg_match *a, const struct tg_match *b, int field)
{
	return a == b || tg_values_equal(&a->fields[field], &b->fields[field]);
}

static bool same_addresses(const struct tg_match *a, const struct tg_match *b, int source)
{
	return a == b || (source ? tg_addresses_equal(&a->source, &b->source)
				 : tg_addresses_equal(&a->destination, &b->destination));
}

/* Compiles one of the maps by field. @shared: that of @previous. */
static int compile_field(const struct tg_compiled *previous, const struct tg_compiled *compiled,
			 enum tg_field field, struct tg_field_masks *shared,
			 struct tg_field_masks **masks, __u32 *used)
{
	const struct tg_config *config = compiled->config;
	unsigned int value;
	size_t i;

	for (i = 0; i < config->limits_n; i++)
		*used |= config->limits[i].match->fields[field].given;
	if (!*used)
		return 0;
	if (have_same(compiled, previous, same_field, field)) {
		*masks = shared;
		tg_refcount_get(&shared->others);
		return 0;
	}
	*masks = calloc(1, sizeof(**masks));
	if (!*masks)
		return -ENOMEM;
	for (i = 0; i < config->limits_n; i++)
		for (value = 0; value < TG_FIELD_VALUES; value++)
			if (meets(&config->limits[i], field, value))
				(*masks)->masks[value] |= 1ULL << compiled->slots[i];
	return 0;
}

static int compile_side(const struct tg_compiled *previous, const struct tg_compiled *compiled,
			bool source, struct tg_address_entries *shared,
			struct tg_address_entries **entries, __u64 *any, __u32 *used)
{
	tg_cleanup(free_mentions) struct mentions mentions = {};
	const struct tg_config *config = compiled->config;
	const struct tg_addresses *addresses;
	size_t i;
	int error;

	for (i = 0; i < config->limits_n; i++) {
		addresses = addresses_of(&config->limits[i], source);
		*used |= addresses->given;
		if (!addresses->given || addresses->any)
			*any |= 1ULL << compiled->slots[i];
	}
	if (!*used)
		return 0;
	if (have_same(compiled, previous, same_addresses, source)) {
		*entries = shared;
		tg_refcount_get(&shared->others);
		return 0;
	}
	error = collect(config, compiled->slots, source, &mentions);
	if (error)
		return error;
	*entries = calloc(1, sizeof(**entries) + mentions.n * sizeof((*entries)->items[0]));
	if (!*entries)
		return -ENOMEM;
	(*entries)->n = merge(&mentions, *any, (*entries)->items);
	return 0;
}

static int compile_fields(const struct tg_compiled *previous, const struct tg_contents *before,
			  struct tg_compiled *compiled)
{
	struct tg_contents *contents = &compiled->contents;
	struct tg_policy *policy = &compiled->policy;
	int error = compile_field(previous, compiled, TG_FIELD_SOURCE_PORT, before->source_ports,
				  &contents->source_ports, &policy->has_source_ports);

	if (!error)
		error = compile_field(previous, compiled, TG_FIELD_DESTINATION_PORT,
				      before->destination_ports, &contents->destination_ports,
				      &policy->has_destination_ports);
	if (!error)
		error = compile_field(previous, compiled, TG_FIELD_LENGTH, before->lengths,
				      &contents->lengths, &policy->has_lengths);
	return error;
}

int tg_policy_compile_contents(const struct tg_compiled *previous, struct tg_compiled *compiled)
{
	static const struct tg_contents none;
	const struct tg_contents *before = previous ? &previous->contents : &none;
	struct tg_contents *contents = &compiled->contents;
	struct tg_policy *policy = &compiled->policy;
	int error = compile_fields(previous, before, compiled);

	if (!error)
		error = compile_side(previous, compiled, true, before->sources, &contents->sources,
				     &policy->any_source, &policy->has_sources);
	if (!error)
		error = compile_side(previous, compiled, false, before->destinations,
				     &contents->destinations, &policy->any_destination,
				     &policy->has_destinations);
	policy->has_rare = policy->has_sources || policy->has_destinations ||
			   policy->has_source_ports || policy->has_lengths ||
			   policy->has_tcp_flags || policy->has_icmp_types || policy->has_fragments;
	return error;
}
