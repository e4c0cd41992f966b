/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a match holds once it is read, and what it means. */
#include "test.h"

#include "config/config.h"
#include "config/load.h"
#include "unit/config/values.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One limit with this match; false after failing the test. */
static bool parse_match(const char *match, struct tg_config **config)
{
	struct tg_diagnostics diagnostics = {0};
	char text[1024];

	snprintf(text, sizeof(text),
		 "interfaces: [{name: lo}]\nsets: {office: [192.0.2.0/24, \"2001:db8::/32\"]}\n"
		 "limits: [{name: a, match: %s, capacity: 1, rate: 1/s}]\n",
		 match);
	*config = NULL;
	tg_config_parse("t.yaml", text, strlen(text), config, &diagnostics);
	CHECK(*config && !diagnostics.n, "%s: %s", match,
	      diagnostics.n ? diagnostics.items[0].message : "");
	tg_diagnostics_clear(&diagnostics);
	return *config != NULL;
}

static const struct {
	const char *match;
	enum tg_field field;
	const char *values;
	bool absent;
} value_cases[] = {
	{"{protocol: [tcp, 47]}", TG_FIELD_PROTOCOL, "6 47", false},
	{"{protocol: {not: [tcp, udp]}}", TG_FIELD_PROTOCOL, "0-5 7-16 18-255", true},
	{"{not: {protocol: tcp}}", TG_FIELD_PROTOCOL, "0-5 7-255", true},
	{"{destination_port: [8000-8010, {not: 8005}]}", TG_FIELD_DESTINATION_PORT,
	 "8000-8004 8006-8010", false},
	{"{destination_port: 8000-8010, not: {destination_port: [8000, 9000]}}",
	 TG_FIELD_DESTINATION_PORT, "8001-8010", false},
	{"{source_port: [{not: 53}, {not: 60000-65535}]}", TG_FIELD_SOURCE_PORT, "0-52 54-59999",
	 true},
	{"{length: [0-60, 61-128]}", TG_FIELD_LENGTH, "0-128", false},
	{"{icmp_type: [8, 128]}", TG_FIELD_ICMP_TYPE, "8 128", false},
	{"{tcp_flags: {set: [syn, fin, rst, psh, ack], clear: urg}}", TG_FIELD_TCP_FLAGS,
	 "31 95 159 223", false},
	{"{tcp_flags: [{set: [syn, fin, rst, psh, ack, urg, ece, cwr]}, {clear: [syn, fin, rst, "
	 "psh, ack, urg, ece, cwr]}]}",
	 TG_FIELD_TCP_FLAGS, "0 255", false},
	{"{length: 1}", TG_FIELD_PROTOCOL, NULL, false},
};

TEST(test_match_values)
{
	struct tg_config *config;
	size_t i;

	for (i = 0; i < COUNT(value_cases); i++) {
		if (!parse_match(value_cases[i].match, &config))
			continue;
		check_values(config->limits, value_cases[i].field, value_cases[i].values);
		CHECK(config->limits->match->fields[value_cases[i].field].absent ==
			      value_cases[i].absent,
		      "%s", value_cases[i].match);
		tg_config_free(&config);
	}
	if (parse_match("{tcp_flags: syn}", &config)) {
		for (i = 0; i < 256; i++)
			CHECK(tg_values_has(&config->limits->match->fields[TG_FIELD_TCP_FLAGS],
					    i) == ((i & 0x12) == 2),
			      "%zu", i);
		tg_config_free(&config);
	}
}

static const struct {
	const char *match, *address;
	bool source, destination;
} address_cases[] = {
	{"{source: office}", "192.0.2.77", true, true},
	{"{source: office}", "192.0.3.77", false, true},
	{"{source: [office, 198.51.100.1]}", "198.51.100.1", true, true},
	{"{destination: {not: [office]}}", "2001:db8:1::1", true, false},
	{"{destination: [{not: office}, \"2001:db9::/32\"]}", "2001:db9::1", true, true},
	{"{destination: \"::/0\"}", "192.0.2.1", true, false},
	{"{destination: \"::/0\"}", "2001:db8:1::1", true, true},
	{"{not: {source: \"::/0\"}}", "192.0.2.1", true, true},
	{"{source: 0.0.0.0/0}", "2001:db8::1", false, true},
};

TEST(test_match_addresses)
{
	const struct tg_match *match;
	struct tg_prefix address;
	struct tg_config *config;
	char why[256];
	size_t i;

	for (i = 0; i < COUNT(address_cases); i++) {
		if (!parse_match(address_cases[i].match, &config))
			continue;
		match = config->limits->match;
		CHECK(tg_prefix_parse(address_cases[i].address, &address, why, sizeof(why)) == 0);
		CHECK(tg_addresses_hold(&match->source, address.address) == address_cases[i].source,
		      "%s: %s", address_cases[i].match, address_cases[i].address);
		CHECK(tg_addresses_hold(&match->destination, address.address) ==
			      address_cases[i].destination,
		      "%s: %s", address_cases[i].match, address_cases[i].address);
		tg_config_free(&config);
	}
}

TEST(test_match_equal)
{
	static const char *const different[] = {
		"{protocol: tcp}",	 "{protocol: {not: tcp}}",  "{length: 1}",
		"{fragment: true}",	 "{not: {fragment: true}}", "{source: office}",
		"{destination: office}", "{source: {not: office}}",
	};
	struct tg_config *a, *b, *copy;
	size_t i, j;

	for (i = 0; i < COUNT(different); i++) {
		for (j = 0; j < COUNT(different); j++) {
			if (!parse_match(different[i], &a) || !parse_match(different[j], &b))
				return;
			copy = tg_config_copy(a);
			CHECK(copy && tg_match_equal(copy->limits->match, b->limits->match) ==
					      (i == j),
			      "%s and %s", different[i], different[j]);
			tg_config_free(&copy);
			tg_config_free(&a);
			tg_config_free(&b);
		}
	}
}

TEST_MAIN(RUN(test_match_values), RUN(test_match_addresses), RUN(test_match_equal))
