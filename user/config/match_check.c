/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks a match whose parts are right: some packet must be able to meet it. */
#include <string.h>

#include "config/reader.h"

static const char *const field_protocols[TG_FIELDS] = {
	[TG_FIELD_SOURCE_PORT] = "tcp, udp and sctp have ports",
	[TG_FIELD_DESTINATION_PORT] = "tcp, udp and sctp have ports",
	[TG_FIELD_TCP_FLAGS] = "tcp has flags",
	[TG_FIELD_ICMP_TYPE] = "icmp and icmpv6 have types",
};

/*
 * Checks that some protocol has the field, because for example ports of icmp would never match.
 * @allowed: the protocols that meet the conditions checked so far; removes those without the field.
 */
static int check_field(struct tg_reader *reader, const struct tg_yaml *match,
		       const struct tg_match *conditions, enum tg_field field, bool allowed[256])
{
	const struct tg_values *values = &conditions->fields[field];
	const struct tg_values *protocol = &conditions->fields[TG_FIELD_PROTOCOL];
	const struct tg_yaml *value = tg_yaml_get(match, tg_field_name(field));
	int i, with = 0, without = 0;

	if (!values->given)
		return 0;
	if (!tg_values_any(values))
		return tg_reader_error(reader, value ? value : match,
				       "nothing is left of %s: what it names is also under \"not\"",
				       tg_field_name(field));
	if (values->absent || !value || !field_protocols[field])
		return 0;
	for (i = 0; i < 256; i++) {
		if (!allowed[i])
			continue;
		allowed[i] = tg_field_of_protocol(field, i);
		with += allowed[i];
		without += !allowed[i];
	}
	if (!with)
		return tg_reader_error(reader, value,
				       "only %s, which the rest of this match rules out: no packet "
				       "can meet it; change the protocol, or leave %s out",
				       field_protocols[field], tg_field_name(field));
	if (without && protocol->given && !protocol->absent)
		tg_reader_warn(reader, value,
			       "only %s: packets of the other protocols of this limit never match",
			       field_protocols[field]);
	return 0;
}

static int check_fields(struct tg_reader *reader, const struct tg_yaml *match,
			const struct tg_match *conditions)
{
	const struct tg_values *protocol = &conditions->fields[TG_FIELD_PROTOCOL];
	bool allowed[256];
	int i, r = 0;

	for (i = 0; i < 256; i++)
		allowed[i] = !protocol->given || tg_values_has(protocol, i);
	for (i = 0; i < TG_FIELDS && !r; i++)
		r = check_field(reader, match, conditions, i, allowed);
	return r;
}

static void warn_addresses(struct tg_reader *reader, const struct tg_yaml *value,
			   const struct tg_addresses *addresses)
{
	size_t i, j, left = 0;

	if (!value || !addresses->given || addresses->any)
		return;
	if (!addresses->is.n)
		tg_reader_warn(reader, value, "the sets named here are empty: no packet matches");
	/* Comparing all with all takes too long for long lists, and this is only a warning. */
	if (!addresses->is.n || addresses->is.n * addresses->is_not.n > 1 << 20)
		return;
	for (i = 0; i < addresses->is.n; i++) {
		for (j = 0; j < addresses->is_not.n; j++)
			if (addresses->is_not.items[j].length <= addresses->is.items[i].length &&
			    tg_prefix_has(&addresses->is_not.items[j],
					  addresses->is.items[i].address))
				break;
		left += j == addresses->is_not.n;
	}
	if (!left)
		tg_reader_warn(
			reader, value,
			"all of these prefixes are under \"not\" as well: no packet matches");
}

static void warn_match(struct tg_reader *reader, const struct tg_yaml *match,
		       const struct tg_match *conditions)
{
	static const enum tg_field first_only[] = {TG_FIELD_SOURCE_PORT, TG_FIELD_DESTINATION_PORT,
						   TG_FIELD_ICMP_TYPE, TG_FIELD_TCP_FLAGS};
	const struct tg_yaml *value;
	size_t i;

	if (!match->n)
		tg_reader_warn(reader, match,
			       "an empty match holds for every packet; leave it out to say so");
	warn_addresses(reader, tg_yaml_get(match, "source"), &conditions->source);
	warn_addresses(reader, tg_yaml_get(match, "destination"), &conditions->destination);
	if (conditions->fragments != TG_FRAGMENTS_ONLY)
		return;
	for (i = 0; i < sizeof(first_only) / sizeof(first_only[0]); i++) {
		value = tg_yaml_get(match, tg_field_name(first_only[i]));
		if (value)
			tg_reader_warn(reader, value,
				       first_only[i] == TG_FIELD_TCP_FLAGS
					       ? "only the first fragment carries %s: later ones "
						 "never match"
					       : "only the first fragment carries %s: later ones "
						 "match whatever is written here",
				       tg_field_name(first_only[i]));
	}
}

/* Checks that a match for what is not IP has no other condition: only IP packets have fields. */
static int check_stands_alone(struct tg_reader *reader, const struct tg_yaml *match,
			      const struct tg_match *conditions)
{
	const struct tg_yaml *protocol = tg_yaml_get(match, "protocol"), *other;

	if (!tg_match_is_not_ip(conditions))
		return 0;
	if (protocol->kind == TG_YAML_LIST && protocol->n > 1)
		return tg_reader_error(reader, protocol,
				       "not_ip stands alone; write another limit for the other "
				       "protocols");
	for (other = match->children; other; other = other->next)
		if (other != protocol && strcmp(other->key, "hook") != 0)
			return tg_reader_error(reader, other,
					       "what is not IP has nothing that this could match; "
					       "beside protocol: not_ip only hook is possible");
	return 0;
}

int tg_check_match(struct tg_reader *reader, const struct tg_yaml *value,
		   const struct tg_match *match)
{
	int r = check_stands_alone(reader, value, match);

	if (!r)
		r = check_fields(reader, value, match);

	if (!r)
		warn_match(reader, value, match);
	return r;
}
