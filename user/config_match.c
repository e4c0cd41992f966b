/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which packets a limit is for. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_reader.h"
#include "text.h"
#include "units.h"

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{"tcp", IPPROTO_TCP},	    {"udp", IPPROTO_UDP},   {"icmp", IPPROTO_ICMP},
	{"icmpv6", IPPROTO_ICMPV6}, {"sctp", IPPROTO_SCTP},
};

static int protocol_number(const char *text)
{
	uint64_t number;
	size_t i;

	for (i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (strcmp(text, protocols[i].name) == 0)
			return protocols[i].number;
	}
	if (tg_parse_number(text, &number) == 0 && number < 256)
		return (int)number;
	return -EINVAL;
}

/* `not:` is of the format, and comes with a later version. */
static bool is_negation(const struct tg_yaml *value)
{
	return value->kind == TG_YAML_MAP && tg_yaml_get(value, "not");
}

static int read_protocol(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_limit *limit = out;
	char quoted[TG_QUOTE_SIZE];
	const char *text;
	int number, r;

	if (is_negation(value))
		return tg_reader_unsupported(reader, value, "\"not\"");
	r = tg_read_text(reader, value, &text);
	if (r)
		return r;
	number = protocol_number(text);
	if (number < 0)
		return tg_reader_error(reader, value,
				       "%s is not a protocol; write tcp, udp, icmp, icmpv6, sctp "
				       "or a number from 0 to 255",
				       tg_text_quote(text, quoted, sizeof(quoted)));
	limit->any_protocol = false;
	limit->protocols[number] = true;
	return 0;
}

static int read_protocols(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_one_or_more(reader, value, read_protocol, out);
}

/* "53" or "8000-8010" */
static int parse_ports(const char *text, struct tg_port_range *range)
{
	const char *dash = strchr(text, '-');
	char first[8];
	uint64_t a, b;

	if ((size_t)(strchrnul(text, '-') - text) >= sizeof(first))
		return -EINVAL;
	snprintf(first, sizeof(first), "%.*s", (int)(strchrnul(text, '-') - text), text);
	if (tg_parse_number(first, &a) || tg_parse_number(dash ? dash + 1 : first, &b))
		return -EINVAL;
	if (a > b || b > UINT16_MAX)
		return -ERANGE;
	*range = (struct tg_port_range){(uint16_t)a, (uint16_t)b};
	return 0;
}

static int read_port(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config_limit *limit = out;
	struct tg_port_range range, *grown;
	char quoted[TG_QUOTE_SIZE];
	const char *text;
	int r;

	if (is_negation(value))
		return tg_reader_unsupported(reader, value, "\"not\"");
	r = tg_read_text(reader, value, &text);
	if (r)
		return r;
	r = parse_ports(text, &range);
	tg_text_quote(text, quoted, sizeof(quoted));
	if (r == -EINVAL)
		return tg_reader_error(reader, value,
				       "%s is not a port; write it as 53, or 8000-8010 for a range",
				       quoted);
	if (r)
		return tg_reader_error(reader, value,
				       "%s is out of range; ports go from 0 to 65535, and a range "
				       "from the lower to the higher",
				       quoted);
	if ((limit->destination_ports_n & (limit->destination_ports_n - 1)) == 0) {
		size_t room = limit->destination_ports_n ? limit->destination_ports_n * 2 : 1;

		grown = reallocarray(limit->destination_ports, room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		limit->destination_ports = grown;
	}
	limit->destination_ports[limit->destination_ports_n++] = range;
	return 0;
}

static int read_ports(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_one_or_more(reader, value, read_port, out);
}

static bool has_ports(int protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP;
}

/* Ports of a protocol that has none would match nothing, in silence. */
static int check_ports(struct tg_reader *reader, const struct tg_yaml *match,
		       const struct tg_config_limit *limit)
{
	const struct tg_yaml *ports = tg_yaml_get(match, "destination_port");
	int protocol, with = 0, without = 0;

	if (!ports || limit->any_protocol)
		return 0;
	for (protocol = 0; protocol < 256; protocol++) {
		with += limit->protocols[protocol] && has_ports(protocol);
		without += limit->protocols[protocol] && !has_ports(protocol);
	}
	if (!with)
		return tg_reader_error(reader, ports,
				       "the protocols of this limit have no ports; write protocol "
				       "tcp, udp or sctp, or leave destination_port out");
	if (without)
		tg_reader_warn(reader, ports,
			       "only tcp, udp and sctp have ports: the other protocols of this "
			       "limit never match");
	return 0;
}

int tg_read_match(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	static const struct tg_key keys[] = {
		{"protocol", read_protocols, NULL},
		{"destination_port", read_ports, NULL},
		{"source_port", NULL, NULL},
		{"source", NULL, NULL},
		{"destination", NULL, NULL},
		{"tcp_flags", NULL, NULL},
		{"length", NULL, NULL},
		{"fragment", NULL, NULL},
		{"icmp_type", NULL, NULL},
		{"not", NULL, NULL},
		{NULL, NULL, NULL},
	};
	int r = tg_read_map(reader, value, keys, out);

	return r ? r : check_ports(reader, value, out);
}
