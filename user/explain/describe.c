/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Describes in words which packets a limit is for, who shares a bucket, and how it refills. */
#include "explain/describe.h"

#include <inttypes.h>

#include "base/units.h"

#define SHOWN 6 /* items of a list that are written out; the rest is counted */

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void describe_protocol(unsigned int number, FILE *out)
{
	static const struct {
		unsigned int number;
		const char *name;
	} names[] = {{1, "icmp"}, {6, "tcp"}, {17, "udp"}, {58, "icmpv6"}, {132, "sctp"}};
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (names[i].number == number) {
			fputs(names[i].name, out);
			return;
		}
	}
	fprintf(out, "protocol %u", number);
}

static size_t count_runs(const struct tg_values *values)
{
	unsigned int first = 0, last;
	size_t n = 0;

	for (; tg_values_next(values, &first, &last); first = last + 1)
		n++;
	return n;
}

/* Returns what goes before item @i of @n: "a", "a or b", "a, b or c". */
static const char *separator(size_t i, size_t n)
{
	if (i == 0)
		return "";
	return i + 1 < n ? ", " : " or ";
}

/* Writes "53 or 8000-8010". A condition with only `not` is described by the values it excludes. */
static void describe_runs(const struct tg_values *values, enum tg_field field, FILE *out)
{
	struct tg_values rest = {.given = true};
	size_t i, n = count_runs(values), shown = 0;
	unsigned int first, last, value;

	if (values->absent) {
		for (value = 0; value <= tg_field_last(field); value++)
			if (!tg_values_has(values, value))
				tg_values_add(&rest, value, value);
		values = &rest;
		n = count_runs(values);
	}
	for (i = 0, first = 0; tg_values_next(values, &first, &last); i++, first = last + 1) {
		if (shown == SHOWN && n > SHOWN + 1) {
			fprintf(out, " and %zu more", n - shown);
			return;
		}
		shown++;
		fputs(separator(i, n), out);
		if (field == TG_FIELD_PROTOCOL && first == last) {
			describe_protocol(first, out);
			continue;
		}
		fprintf(out, "%s%u", field == TG_FIELD_PROTOCOL ? "protocols " : "", first);
		if (last != first)
			fprintf(out, "-%u", last);
	}
}

static bool has_ports(const struct tg_match *match)
{
	const struct tg_values *source = &match->fields[TG_FIELD_SOURCE_PORT];
	const struct tg_values *destination = &match->fields[TG_FIELD_DESTINATION_PORT];

	return (source->given && !source->absent) || (destination->given && !destination->absent);
}

static void describe_protocols(const struct tg_config_limit *limit, FILE *out)
{
	const struct tg_match *match = limit->match;
	const struct tg_values *protocol = &match->fields[TG_FIELD_PROTOCOL];
	const struct tg_values *flags = &match->fields[TG_FIELD_TCP_FLAGS];
	const struct tg_values *types = &match->fields[TG_FIELD_ICMP_TYPE];

	if (limit->unit == TG_CONFIG_CONNECTIONS)
		fputs("new tcp connections", out);
	else if (tg_match_is_not_ip(match))
		fputs("what is not IP", out);
	else if (protocol->given) {
		fputs(protocol->absent ? "any protocol but " : "", out);
		describe_runs(protocol, TG_FIELD_PROTOCOL, out);
	} else if (flags->given && !flags->absent)
		fputs("tcp", out);
	else if (types->given && !types->absent)
		fputs("icmp or icmpv6", out);
	else
		fputs(has_ports(match) ? "tcp, udp or sctp" : "any packet", out);
}

static void describe_flag_names(unsigned int octet, FILE *out)
{
	static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR"};
	bool first = true;
	int i;

	for (i = 0; i < 8; i++) {
		if (!(octet >> i & 1))
			continue;
		fprintf(out, "%s%s", first ? "" : " and ", names[i]);
		first = false;
	}
}

/* Writes which flags must be set and clear, or, if no such rule gives the octets, their number. */
static void describe_flags(const struct tg_values *flags, FILE *out)
{
	unsigned int set = 255, clear = 255, n = 0, octet;

	for (octet = 0; octet < 256; octet++) {
		if (!tg_values_has(flags, octet))
			continue;
		set &= octet;
		clear &= ~octet;
		n++;
	}
	if (n << __builtin_popcount(set) << __builtin_popcount(clear) != 256) {
		fprintf(out, " with one of %u combinations of flags", n);
		return;
	}
	fputs(" with ", out);
	describe_flag_names(set, out);
	if (set)
		fputs(clear ? " set and " : " set", out);
	describe_flag_names(clear, out);
	if (clear)
		fputs(" clear", out);
}

static void describe_prefixes(const struct tg_prefix_list *list, FILE *out)
{
	char text[TG_PREFIX_TEXT_SIZE];
	size_t i, shown = list->n > SHOWN + 1 ? SHOWN : list->n;

	if (!list->n)
		fputs("nowhere", out);
	for (i = 0; i < shown; i++)
		fprintf(out, "%s%s", shown < list->n && i ? ", " : separator(i, shown),
			tg_prefix_format(&list->items[i], text, sizeof(text)));
	if (shown < list->n)
		fprintf(out, " and %zu more", list->n - shown);
}

static void describe_addresses(const char *title, const struct tg_addresses *addresses, FILE *out)
{
	if (!addresses->given)
		return;
	fprintf(out, ", %s ", title);
	if (addresses->any)
		fputs("anywhere", out);
	else
		describe_prefixes(&addresses->is, out);
	if (!addresses->is_not.n)
		return;
	fputs(" but not ", out);
	describe_prefixes(&addresses->is_not, out);
}

static void describe_field(const struct tg_match *match, enum tg_field field, const char *title,
			   const char *but, const char *unit, FILE *out)
{
	if (!match->fields[field].given)
		return;
	fputs(match->fields[field].absent ? but : title, out);
	describe_runs(&match->fields[field], field, out);
	fputs(unit, out);
}

void tg_describe_match(const struct tg_config_limit *limit, FILE *out)
{
	const struct tg_match *match = limit->match;

	if (limit->per == TG_CONFIG_PER_KEY) {
		fputs("no packet", out);
		return;
	}
	describe_protocols(limit, out);
	if (match->fields[TG_FIELD_TCP_FLAGS].given)
		describe_flags(&match->fields[TG_FIELD_TCP_FLAGS], out);
	describe_field(match, TG_FIELD_ICMP_TYPE, " of type ", " of any type but ", "", out);
	describe_field(match, TG_FIELD_SOURCE_PORT, " from port ", " from any port but ", "", out);
	describe_field(match, TG_FIELD_DESTINATION_PORT, " to port ", " to any port but ", "", out);
	describe_field(match, TG_FIELD_LENGTH, " of ", " of any length but ", " bytes", out);
	if (match->fragments == TG_FRAGMENTS_ONLY)
		fputs(", in fragments", out);
	if (match->fragments == TG_FRAGMENTS_NOT)
		fputs(", not in fragments", out);
	describe_addresses("from", &match->source, out);
	describe_addresses("to", &match->destination, out);
}

void tg_describe_key(const struct tg_config_limit *limit, FILE *out)
{
	if (limit->per == TG_CONFIG_PER_EVERYONE)
		fputs("everyone together", out);
	else if (limit->per == TG_CONFIG_PER_KEY)
		fputs("each key that applications charge", out);
	else
		fprintf(out, "each %s (IPv4 /%u, IPv6 /%u)",
			limit->per == TG_CONFIG_PER_SOURCE ? "source" : "destination",
			limit->prefix4, limit->prefix6);
	if (limit->per_port)
		fputs(", each destination port for itself", out);
	if (limit->per_protocol)
		fputs(", each protocol for itself", out);
	if (limit->per_port || limit->per_protocol)
		fputs(",", out);
}

void tg_describe_refill(const struct tg_config_limit *limit, FILE *out)
{
	enum tg_rate_kind kind = limit->unit == TG_CONFIG_BYTES ? TG_RATE_BYTES : TG_RATE_COUNT;
	const char *const units[] = {
		[TG_CONFIG_PACKETS] = limit->per == TG_CONFIG_PER_KEY ? "request" : "packet",
		[TG_CONFIG_BYTES] = "byte",
		[TG_CONFIG_CONNECTIONS] = "connection",
	};
	const struct tg_refill *refill = &limit->refill;
	const char *unit = units[limit->unit];
	char text[64];

	fprintf(out, "bursts to %" PRIu64 " %s%s, then ", refill->capacity, unit,
		plural(refill->capacity));
	if (!refill->continuous)
		fprintf(out, "%" PRIu64 " %s%s every %s", refill->amount, unit,
			plural(refill->amount),
			tg_format_duration(refill->interval, text, sizeof(text)));
	else if (kind == TG_RATE_BYTES)
		fprintf(out, "%s, evenly spread",
			tg_format_rate(kind, refill->amount, refill->interval, text, sizeof(text)));
	else
		fprintf(out, "%s (%ss), evenly spread",
			tg_format_rate(kind, refill->amount, refill->interval, text, sizeof(text)),
			unit);
}

void tg_describe_new_sources(const struct tg_config_limit *limit, FILE *out)
{
	const char *who = limit->per == TG_CONFIG_PER_DESTINATION ? "destinations"
			  : limit->per == TG_CONFIG_PER_KEY	  ? "keys"
								  : "sources";
	const struct tg_refill *refill = &limit->new_sources;
	char text[64];

	if (!refill->capacity) {
		fprintf(out, "new %s get a bucket of their own while there is room", who);
		return;
	}
	fprintf(out,
		"new %s get a bucket of their own: %" PRIu64
		" at once, then %s, and others share some",
		who, refill->capacity,
		tg_format_rate(TG_RATE_COUNT, refill->amount, refill->interval, text,
			       sizeof(text)));
}
