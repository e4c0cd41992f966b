/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads `match`: which packets a limit is for. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/reader.h"
#include "base/text.h"
#include "base/units.h"

/* The hooks named in a match, as masks. */
struct hooks {
	unsigned int is, is_not;
	bool broken; /* an error was reported: the hooks are unknown */
};

/* A match that is being read. What stands under `not` is collected apart from the rest. */
struct draft {
	struct tg_match *match;
	struct tg_values *is, *is_not; /* by field */
	struct hooks *hooks;
	bool negative; /* inside a `not` */
};

/* A word of the configuration and its number. */
struct named {
	const char *name;
	unsigned int value;
};

static const struct named protocols[] = {
	{"tcp", IPPROTO_TCP},
	{"udp", IPPROTO_UDP},
	{"icmp", IPPROTO_ICMP},
	{"icmpv6", IPPROTO_ICMPV6},
	{"sctp", IPPROTO_SCTP},
	{"not_ip", TG_PROTOCOL_NOT_IP},
	{NULL, 0},
};

static const struct named tcp_flags[] = {
	{"fin", TG_TCP_FIN}, {"syn", TG_TCP_SYN}, {"rst", TG_TCP_RST},
	{"psh", TG_TCP_PSH}, {"ack", TG_TCP_ACK}, {"urg", TG_TCP_URG},
	{"ece", TG_TCP_ECE}, {"cwr", TG_TCP_CWR}, {NULL, 0},
};

static const struct named *find_name(const struct named *names, const char *text)
{
	for (; names->name; names++)
		if (strcmp(names->name, text) == 0)
			return names;
	return NULL;
}

static struct tg_values *values_of(const struct draft *draft, enum tg_field field)
{
	return draft->negative ? &draft->is_not[field] : &draft->is[field];
}

typedef int read_one_function(struct tg_reader *reader, const struct tg_yaml *value,
			      struct draft *draft, enum tg_field field);

/*
 * Reads one value, a list of values, or {not: ...} of either; an item of a list may be a `not` too.
 * Calls @read_one for each value, with @field.
 */
static int read_condition(struct tg_reader *reader, const struct tg_yaml *value,
			  struct draft *draft, enum tg_field field, read_one_function *read_one)
{
	const struct tg_yaml *not = NULL, *item;
	struct draft inner = *draft;
	int r = 0;

	if (value->kind == TG_YAML_MAP)
		not = tg_yaml_get(value, "not");
	if (not &&value->n > 1)
		return tg_reader_error(reader, value, "\"not\" stands alone; write {not: ...}");
	if (not &&draft->negative)
		return tg_reader_error(reader, value, "\"not\" inside \"not\"; leave both out");
	if (not ) {
		inner.negative = true;
		return read_condition(reader, not, &inner, field, read_one);
	}
	if (value->kind != TG_YAML_LIST)
		return read_one(reader, value, draft, field);
	if (!value->n)
		return tg_reader_error(reader, value, "this list is empty");
	for (item = value->children; item && r != -ENOMEM; item = item->next)
		r = tg_graver(r, item->kind == TG_YAML_LIST
					 ? tg_reader_error(reader, item, "a list inside a list")
					 : read_condition(reader, item, draft, field, read_one));
	return r;
}

static int read_protocol(struct tg_reader *reader, const struct tg_yaml *value, struct draft *draft,
			 enum tg_field field)
{
	char quoted[TG_QUOTE_SIZE];
	const struct named *name;
	uint64_t number;
	const char *text;
	int r = tg_read_text(reader, value, &text);

	if (r)
		return r;
	name = find_name(protocols, text);
	if (name)
		number = name->value;
	else if (tg_parse_number(text, &number) || number > 255)
		return tg_reader_error(reader, value,
				       "%s is not a protocol; write tcp, udp, icmp, icmpv6, "
				       "sctp, a number from 0 to 255, or not_ip",
				       tg_text_quote(text, quoted, sizeof(quoted)));
	if (number == TG_PROTOCOL_NOT_IP && draft->negative)
		return tg_reader_error(reader, value,
				       "what is not IP meets no limit but one with protocol: "
				       "not_ip; leave it out");
	tg_values_add(values_of(draft, field), number, number);
	return 0;
}

/*
 * Parses "53" or "8000-8010". Returns 0, -EINVAL for another form, -ERANGE above @most or reversed.
 */
static int parse_range(const char *text, unsigned int most, unsigned int *first, unsigned int *last)
{
	const char *dash = strchr(text, '-');
	char start[8];
	uint64_t a, b;

	if ((size_t)(strchrnul(text, '-') - text) >= sizeof(start))
		return -EINVAL;
	snprintf(start, sizeof(start), "%.*s", (int)(strchrnul(text, '-') - text), text);
	if (tg_parse_number(start, &a) || tg_parse_number(dash ? dash + 1 : start, &b))
		return -EINVAL;
	if (a > b || b > most)
		return -ERANGE;
	*first = a;
	*last = b;
	return 0;
}

static int read_range(struct tg_reader *reader, const struct tg_yaml *value, struct draft *draft,
		      enum tg_field field)
{
	static const struct {
		const char *what, *example, *plural;
	} words[TG_FIELDS] = {
		[TG_FIELD_SOURCE_PORT] = {"a port", "53, or 8000-8010", "ports"},
		[TG_FIELD_DESTINATION_PORT] = {"a port", "53, or 8000-8010", "ports"},
		[TG_FIELD_ICMP_TYPE] = {"an ICMP type", "8, or 0-15", "ICMP types"},
		[TG_FIELD_LENGTH] = {"a length in bytes", "60, or 0-128", "lengths"},
	};
	unsigned int first, last, most = tg_field_last(field);
	char quoted[TG_QUOTE_SIZE];
	const char *text;
	int r = tg_read_text(reader, value, &text);

	if (r)
		return r;
	r = parse_range(text, most, &first, &last);
	tg_text_quote(text, quoted, sizeof(quoted));
	if (r == -EINVAL)
		return tg_reader_error(reader, value, "%s is not %s; write it as %s for a range",
				       quoted, words[field].what, words[field].example);
	if (r)
		return tg_reader_error(reader, value,
				       "%s is out of range; %s go from 0 to %u, and a range from "
				       "the lower to the higher",
				       quoted, words[field].plural, most);
	tg_values_add(values_of(draft, field), first, last);
	return 0;
}

static int read_flag(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	char quoted[TG_QUOTE_SIZE];
	const struct named *name;
	const char *text;
	int r = tg_read_text(reader, value, &text);

	if (r)
		return r;
	name = find_name(tcp_flags, text);
	if (!name)
		return tg_reader_error(reader, value,
				       "%s is not a TCP flag; write fin, syn, rst, psh, ack, urg, "
				       "ece or cwr",
				       tg_text_quote(text, quoted, sizeof(quoted)));
	*(unsigned int *)out |= name->value;
	return 0;
}

struct flags {
	unsigned int set, clear;
};

static int read_flags_set(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_one_or_more(reader, value, read_flag, &((struct flags *)out)->set);
}

static int read_flags_clear(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_one_or_more(reader, value, read_flag, &((struct flags *)out)->clear);
}

/* Reads "syn", or {set: [...], clear: [...]}: adds every octet with such flags. */
static int read_tcp_flags(struct tg_reader *reader, const struct tg_yaml *value,
			  struct draft *draft, enum tg_field field)
{
	static const struct tg_key keys[] = {
		{"set", read_flags_set, NULL},
		{"clear", read_flags_clear, NULL},
		{NULL, NULL, NULL},
	};
	struct flags flags = {.set = TG_TCP_SYN, .clear = TG_TCP_ACK};
	unsigned int octet;
	int r;

	if (value->kind == TG_YAML_MAP) {
		flags = (struct flags){0};
		r = tg_read_map(reader, value, keys, &flags);
		if (r)
			return r;
		if (!flags.set && !flags.clear)
			return tg_reader_error(reader, value,
					       "no flag is named; write {set: "
					       "[rst]}, or {set: [syn], clear: "
					       "[ack]}");
		if (flags.set & flags.clear)
			return tg_reader_error(reader, value,
					       "a flag cannot be both set and clear");
	} else if (value->kind != TG_YAML_SCALAR || value->empty ||
		   strcmp(value->text, "syn") != 0) {
		return tg_reader_error(reader, value,
				       "write syn (SYN without ACK), or {set: [..], clear: [..]} "
				       "with fin, syn, rst, psh, ack, urg, ece and cwr");
	}
	for (octet = 0; octet < 256; octet++)
		if ((octet & flags.set) == flags.set && !(octet & flags.clear))
			tg_values_add(values_of(draft, field), octet, octet);
	return 0;
}

static int read_protocols(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_condition(reader, value, out, TG_FIELD_PROTOCOL, read_protocol);
}

static int read_source_ports(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_condition(reader, value, out, TG_FIELD_SOURCE_PORT, read_range);
}

static int read_destination_ports(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_condition(reader, value, out, TG_FIELD_DESTINATION_PORT, read_range);
}

static int read_all_tcp_flags(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_condition(reader, value, out, TG_FIELD_TCP_FLAGS, read_tcp_flags);
}

static int read_icmp_types(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_condition(reader, value, out, TG_FIELD_ICMP_TYPE, read_range);
}

static int read_lengths(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return read_condition(reader, value, out, TG_FIELD_LENGTH, read_range);
}

static int read_address(struct tg_reader *reader, const struct tg_yaml *value, struct draft *draft,
			enum tg_field is_source)
{
	struct tg_addresses *addresses =
		is_source ? &draft->match->source : &draft->match->destination;

	if (!addresses->given)
		addresses->any = true;
	addresses->given = true;
	addresses->any &= draft->negative;
	return tg_read_prefixes(reader, value,
				draft->negative ? &addresses->is_not : &addresses->is);
}

static int read_addresses(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	bool is_source = strcmp(value->key, "source") == 0;

	return read_condition(reader, value, out, is_source, read_address);
}

static int read_fragment_word(struct tg_reader *reader, const struct tg_yaml *value,
			      struct draft *draft, enum tg_field field)
{
	bool only;
	int r = tg_read_bool(reader, value, &only);

	if (r == 0)
		draft->match->fragments =
			only != draft->negative ? TG_FRAGMENTS_ONLY : TG_FRAGMENTS_NOT;
	return r;
}

static int read_fragment(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	if (value->kind == TG_YAML_LIST)
		return tg_reader_error(reader, value, "write true or false, without a list");
	return read_condition(reader, value, out, 0, read_fragment_word);
}

static int read_hook(struct tg_reader *reader, const struct tg_yaml *value, struct draft *draft,
		     enum tg_field field)
{
	return tg_read_hook(reader, value,
			    draft->negative ? &draft->hooks->is_not : &draft->hooks->is);
}

static int read_hook_condition(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct draft *draft = out;
	int r = read_condition(reader, value, draft, 0, read_hook);

	draft->hooks->broken |= r != 0;
	return r;
}

static tg_read_function read_not;

static const struct tg_key match_keys[] = {
	{"protocol", read_protocols, NULL},
	{"source_port", read_source_ports, NULL},
	{"destination_port", read_destination_ports, NULL},
	{"tcp_flags", read_all_tcp_flags, NULL},
	{"icmp_type", read_icmp_types, NULL},
	{"length", read_lengths, NULL},
	{"source", read_addresses, NULL},
	{"destination", read_addresses, NULL},
	{"fragment", read_fragment, NULL},
	{"hook", read_hook_condition, NULL},
	{"not", read_not, NULL},
	{NULL, NULL, NULL},
};

/* Negates each condition under `not` by itself: a packet that meets any of them is excluded. */
static int read_not(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct draft inner = *(struct draft *)out;
	const struct tg_yaml *fragment;

	if (inner.negative)
		return tg_reader_error(reader, value, "\"not\" inside \"not\"; leave both out");
	if (value->kind == TG_YAML_MAP) {
		fragment = tg_yaml_get(value, "fragment");
		if (fragment && tg_yaml_get(value->parent, "fragment"))
			return tg_reader_error(reader, fragment, "fragment is given twice");
	}
	if (value->kind == TG_YAML_MAP && !value->n)
		tg_reader_warn(reader, value, "nothing is named here, so nothing is left out");
	inner.negative = true;
	return tg_read_map(reader, value, match_keys, &inner);
}

static void settle_values(const struct draft *draft, enum tg_field field)
{
	struct tg_values *values = &draft->match->fields[field];
	const struct tg_values *is = &draft->is[field], *is_not = &draft->is_not[field];
	bool positive = tg_values_any(is);
	size_t i;

	values->given = positive || tg_values_any(is_not);
	if (!values->given)
		return;
	values->absent = !positive;
	if (!positive)
		tg_values_add(values, 0, tg_field_last(field));
	for (i = 0; i < TG_VALUES / 64; i++)
		values->bits[i] = (values->bits[i] | is->bits[i]) & ~is_not->bits[i];
}

/* Works out the hooks of a limit. None means that they are unknown, which has been reported. */
static int settle_hooks(struct tg_reader *reader, const struct tg_yaml *match,
			const struct hooks *hooks, struct tg_config_limit *limit)
{
	const struct tg_yaml *value;

	limit->hooks = (hooks->is ? hooks->is : TG_CONFIG_HOOKS) & ~hooks->is_not;
	if (hooks->broken)
		limit->hooks = 0;
	if (limit->hooks || hooks->broken)
		return 0;
	value = tg_yaml_get(match, "hook");
	return tg_reader_error(reader, value ? value : match,
			       "nothing is left of hook: what it names is also under \"not\"");
}

int tg_read_match(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_limit *limit = out;
	tg_autofree struct tg_values *drafts = calloc(2 * TG_FIELDS, sizeof(*drafts));
	struct hooks hooks = {};
	struct draft draft = {
		.match = limit->match, .is = drafts, .is_not = drafts + TG_FIELDS, .hooks = &hooks};
	int field, r;

	if (!drafts)
		return -ENOMEM;
	r = tg_read_map(reader, value, match_keys, &draft);
	if (value->kind == TG_YAML_MAP)
		r = tg_graver(r, settle_hooks(reader, value, &hooks, limit));
	for (field = 0; field < TG_FIELDS; field++)
		settle_values(&draft, field);
	tg_prefix_list_sort_unique(&limit->match->source.is);
	tg_prefix_list_sort_unique(&limit->match->source.is_not);
	tg_prefix_list_sort_unique(&limit->match->destination.is);
	tg_prefix_list_sort_unique(&limit->match->destination.is_not);
	return r ? r : tg_check_match(reader, value, limit->match);
}
