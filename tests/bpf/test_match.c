/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which limits a packet is charged to: the masks that were compiled and looked up, against
 * a walk over each limit's conditions.
 */
#include "bpf/fixture.h"
#include "config/load.h"

/* What a packet is made from. Each is of a datagram of its own. */
struct model {
	uint16_t id;
	const char *source, *destination; /* of one family */
	uint8_t protocol;
	uint16_t source_port, destination_port;
	uint8_t flags, type;
	uint16_t payload; /* bytes behind the transport header */
	enum tg_fragment fragment;
};

static bool is_ipv6(const struct model *model)
{
	return strchr(model->source, ':');
}

static void put_transport(struct packet *packet, const struct model *model)
{
	uint8_t *header;

	switch (model->protocol) {
	case IPPROTO_TCP:
		put_tcp(packet, model->destination_port, 5);
		packet->bytes[packet->length - 20 + 13] = model->flags;
		header = packet->bytes + packet->length - 20;
		break;
	case IPPROTO_UDP:
		put_udp(packet, model->destination_port, model->payload);
		header = packet->bytes + packet->udp;
		break;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		put_icmp(packet, model->type, 0);
		put(packet, NULL, model->payload);
		return;
	default:
		put(packet, NULL, 24 + model->payload);
		return;
	}
	header[0] = model->source_port >> 8;
	header[1] = model->source_port;
	if (model->protocol == IPPROTO_TCP)
		put(packet, NULL, model->payload);
}

static void build(struct packet *packet, const struct model *model)
{
	static const uint16_t fragment4[] = {0, 0x2000, 100};
	bool fragment = model->fragment != TG_FRAGMENT_NONE;

	put_ethernet(packet, is_ipv6(model) ? ETH_P_IPV6 : ETH_P_IP);
	if (is_ipv6(model)) {
		struct ipv6hdr *ip = put_ipv6(packet, model->source,
					      fragment ? IPPROTO_FRAGMENT : model->protocol, 64);

		inet_pton(AF_INET6, model->destination, &ip->daddr);
		if (fragment)
			put_fragment(packet, model->protocol,
				     model->fragment == TG_FRAGMENT_LATER ? 100 : 0, 1);
		if (fragment)
			memcpy(packet->bytes + packet->length - 2, &model->id, 2);
	} else {
		struct iphdr *ip = put_ipv4(packet, model->source, model->protocol, 0,
					    fragment4[model->fragment]);

		inet_pton(AF_INET, model->destination, &ip->daddr);
		ip->id = model->id;
	}
	put_transport(packet, model);
	packet_done(packet);
}

static bool value_meets(const struct tg_config_limit *limit, enum tg_field field, bool present,
			bool unknown, unsigned int value)
{
	const struct tg_values *values = &limit->match->fields[field];

	if (!values->given)
		return true;
	if (unknown)
		return true;
	return present ? tg_values_has(values, value) : values->absent;
}

static bool address_meets(const struct tg_addresses *addresses, const char *text)
{
	struct tg_prefix address;
	char why[256];

	CHECK(tg_prefix_parse(text, &address, why, sizeof(why)) == 0, "%s", why);
	return tg_addresses_hold(addresses, address.address);
}

/*
 * The definition of a match, as docs/configuration.md has it. A later fragment meets what it may
 * be of.
 */
static bool may_meet(const struct tg_config_limit *limit, const struct model *model, size_t length)
{
	bool later = model->fragment == TG_FRAGMENT_LATER;
	bool tcp = model->protocol == IPPROTO_TCP;
	bool ports = tcp || model->protocol == IPPROTO_UDP;
	bool icmp = model->protocol == IPPROTO_ICMP || model->protocol == IPPROTO_ICMPV6;
	bool flags = tcp && !later;
	bool any = later && is_ipv6(model); /* of whatever protocol */

	if (limit->unit == TG_CONFIG_CONNECTIONS &&
	    !(flags && (model->flags & 2) && !(model->flags & 16)))
		return false;
	if (limit->match->fragments != TG_FRAGMENTS_AND_WHOLE &&
	    (limit->match->fragments == TG_FRAGMENTS_ONLY) != (model->fragment != TG_FRAGMENT_NONE))
		return false;
	return value_meets(limit, TG_FIELD_PROTOCOL, true, any, model->protocol) &&
	       value_meets(limit, TG_FIELD_SOURCE_PORT, ports, any || (ports && later),
			   model->source_port) &&
	       value_meets(limit, TG_FIELD_DESTINATION_PORT, ports, any || (ports && later),
			   model->destination_port) &&
	       value_meets(limit, TG_FIELD_TCP_FLAGS, flags, false, model->flags) &&
	       value_meets(limit, TG_FIELD_ICMP_TYPE, icmp, any || (icmp && later), model->type) &&
	       value_meets(limit, TG_FIELD_LENGTH, true, false, length) &&
	       address_meets(&limit->match->source, model->source) &&
	       address_meets(&limit->match->destination, model->destination);
}

/* A later fragment, of which only the source and what it claims are known, meets it for certain. */
static bool surely_meets(const struct tg_config_limit *limit, const struct model *model)
{
	const struct tg_values *fields = limit->match->fields;
	bool transport = model->protocol == IPPROTO_TCP || model->protocol == IPPROTO_UDP ||
			 model->protocol == IPPROTO_ICMP || model->protocol == IPPROTO_ICMPV6;

	if ((transport || is_ipv6(model)) &&
	    (fields[TG_FIELD_SOURCE_PORT].given || fields[TG_FIELD_DESTINATION_PORT].given ||
	     fields[TG_FIELD_ICMP_TYPE].given))
		return false;
	return value_meets(limit, TG_FIELD_PROTOCOL, true, false, model->protocol);
}

/*
 * Fills @charged: the limits that the packet is charged to. All are per source and equally strict,
 * so if a later fragment meets none for certain, it is the first one that it may meet.
 */
static void expect(const struct tg_config *config, const struct model *model, size_t length,
		   bool charged[TG_CONFIG_LIMITS_MAX])
{
	bool later = model->fragment == TG_FRAGMENT_LATER, any = false;
	size_t i;

	for (i = 0; i < config->limits_n; i++) {
		charged[i] = may_meet(&config->limits[i], model, length) &&
			     (!later || surely_meets(&config->limits[i], model));
		any |= charged[i];
	}
	for (i = 0; later && !any && i < config->limits_n; i++)
		any = charged[i] = may_meet(&config->limits[i], model, length);
}

static const char *describe(const struct model *model)
{
	static char text[256];

	snprintf(text, sizeof(text), "%s > %s protocol %u ports %u > %u flags %u type %u %s",
		 model->source, model->destination, model->protocol, model->source_port,
		 model->destination_port, model->flags, model->type,
		 model->fragment == TG_FRAGMENT_NONE	? "whole"
		 : model->fragment == TG_FRAGMENT_FIRST ? "first fragment"
							: "later fragment");
	return text;
}

/* Sends the packet and compares, limit by limit, what was charged. Returns how many were. */
static unsigned int check_packet(struct fixture *fixture, const struct model *model)
{
	const struct tg_config *config = fixture->config;
	struct tg_limit_counters before[TG_CONFIG_LIMITS_MAX];
	bool expected[TG_CONFIG_LIMITS_MAX];
	unsigned int charged, matched = 0;
	struct packet packet;
	size_t i;

	build(&packet, model);
	expect(config, model, packet.length - packet.l3, expected);
	for (i = 0; i < config->limits_n; i++)
		before[i] = limit_counters(fixture, i);
	CHECK(run(fixture, &packet, packet.length) == XDP_PASS, "%s", describe(model));
	for (i = 0; i < config->limits_n; i++) {
		charged = limit_counters(fixture, i).packets[TG_VERDICT_ADMITTED] -
			  before[i].packets[TG_VERDICT_ADMITTED];
		CHECK(charged == expected[i], "%s: %s", config->limits[i].name, describe(model));
		matched += charged;
	}
	return matched;
}

static uint32_t seed = 1;

static unsigned int random_below(unsigned int n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

#define PICK(array) (array)[random_below(sizeof(array) / sizeof((array)[0]))]

static const char *const addresses4[] = {"10.0.0.1", "10.1.0.1", "10.1.2.3", "192.0.2.9",
					 "198.51.100.1"};
static const char *const addresses6[] = {"2001:db8::1", "2001:db8:1::1", "2001:db8:1:2::3",
					 "fd00::1", "2620::1"};

static void random_model(struct model *model)
{
	static const uint8_t all[] = {IPPROTO_TCP,  IPPROTO_TCP,    IPPROTO_UDP,
				      IPPROTO_ICMP, IPPROTO_ICMPV6, 47};
	static const uint16_t ports[] = {53, 80, 443, 8005, 40000};
	static const uint8_t flags[] = {2, 18, 16, 4, 1, 0, 255};
	static const uint8_t types[] = {0, 8, 128, 3};
	static const uint16_t payloads[] = {0, 10, 100, 1000};
	static uint16_t id;
	bool ipv6 = random_below(2);

	*model = (struct model){
		.id = ++id,
		.source = ipv6 ? PICK(addresses6) : PICK(addresses4),
		.destination = ipv6 ? PICK(addresses6) : PICK(addresses4),
		.protocol = PICK(all),
		.source_port = PICK(ports),
		.destination_port = PICK(ports),
		.flags = PICK(flags),
		.type = PICK(types),
		.payload = PICK(payloads),
		.fragment = random_below(8) < 6 ? TG_FRAGMENT_NONE : 1 + random_below(2),
	};
}

#define SETS                                                                                       \
	"sets: {office: [10.1.0.0/16, 198.51.100.1, \"2001:db8:1::/48\", \"fd00::/8\"]}\nlimits:\n"

static const char *const conditions[][8] = {
	{"protocol: tcp", "protocol: [udp, icmp]", "protocol: {not: [tcp, 47]}",
	 "protocol: [icmp, icmpv6]", "protocol: 47", "protocol: {not: udp}", "", ""},
	{"source_port: 40000", "source_port: {not: 53}", "source_port: [80, 443, 8000-8010]",
	 "source_port: [0-8010, {not: 80}]", "", "", "", ""},
	{"destination_port: 53", "destination_port: {not: [53, 80]}", "destination_port: 0-1023",
	 "destination_port: [443, 8000-8010, {not: 8005}]", "", "", "", ""},
	{"tcp_flags: syn", "tcp_flags: {not: syn}", "tcp_flags: {set: [rst]}",
	 "tcp_flags: [{set: [fin]}, {set: [syn, ack]}]", "", "", "", ""},
	{"icmp_type: 8", "icmp_type: [8, 128]", "icmp_type: {not: 3}", "", "", "", "", ""},
	{"length: 0-60", "length: {not: 0-100}", "length: [0-50, 1000-65535]", "", "", "", "", ""},
	{"source: 10.0.0.0/8", "source: [10.1.0.0/16, \"2001:db8::/32\"]", "source: {not: office}",
	 "source: [office, 192.0.2.9]", "source: [\"::/0\", {not: office}]",
	 "source: [0.0.0.0/0, {not: 10.1.0.0/16}]", "", ""},
	{"destination: 10.1.0.0/16", "destination: [0.0.0.0/0]", "destination: {not: 10.0.0.0/8}",
	 "destination: [\"2001:db8:1::/48\", 10.1.2.0/24]",
	 "destination: [10.0.0.0/8, {not: 10.1.2.3}]", "destination: \"2001:db8::/32\"", "", ""},
	{"fragment: true", "fragment: false", "", "", "", "", "", ""},
};

#define DIMENSIONS (sizeof(conditions) / sizeof(conditions[0]))

static size_t add_limit(char *yaml, size_t at, size_t size, int number)
{
	bool connections = random_below(8) == 0, first = true;
	const char *condition;
	size_t i;

	at += snprintf(yaml + at, size - at,
		       "  - {name: l%d, unit: %s, capacity: 1000000, rate: 1/s, match: {", number,
		       connections ? "connections" : "packets");
	for (i = connections ? 1 : 0; i < DIMENSIONS; i++) {
		condition = random_below(3) == 0 ? PICK(conditions[i]) : "";
		if (!*condition || (connections && (i == 3 || i == 4)))
			continue;
		at += snprintf(yaml + at, size - at, "%s%s", first ? "" : ", ", condition);
		first = false;
	}
	return at + snprintf(yaml + at, size - at, "}}\n");
}

/* Limits that contradict themselves are refused, so each is tried alone before it is taken. */
static void random_policy(char *yaml, size_t size, int limits)
{
	size_t at = snprintf(yaml, size, SETS), next;
	char alone[2048];
	int n = 0;

	while (n < limits) {
		struct tg_diagnostics diagnostics = {};
		struct tg_config *config = NULL;

		next = add_limit(yaml, at, size, n);
		snprintf(alone, sizeof(alone), "interfaces: [{name: lo}]\n" SETS "%s", yaml + at);
		if (tg_config_parse("t.yaml", alone, strlen(alone), &config, &diagnostics) == 0) {
			at = next;
			n++;
		}
		yaml[at] = '\0';
		tg_config_free(&config);
		tg_diagnostics_clear(&diagnostics);
	}
}

static void check_random(int limits, int policies, int packets)
{
	static char yaml[60000];
	struct fixture fixture;
	struct model model;
	unsigned int charged = 0;
	int i;

	while (policies--) {
		random_policy(yaml, sizeof(yaml), limits);
		if (!fixture_open(&fixture, yaml))
			return;
		for (i = 0; i < packets && !tg_test_failed; i++) {
			random_model(&model);
			charged += check_packet(&fixture, &model);
		}
		if (tg_test_failed)
			printf("%s", yaml);
		fixture_close(&fixture);
	}
	CHECK(charged > 0);
}

TEST(test_random_few)
{
	check_random(4, 8, 300);
}

TEST(test_random_many)
{
	check_random(64, 3, 400);
}

/* What a policy does not use is not in its program: so each condition where there is no other. */
TEST(test_each_alone)
{
	unsigned int charged, packets = 150, n;
	struct fixture fixture;
	struct model model;
	char yaml[1024];
	size_t i;

	for (i = 0; i < DIMENSIONS; i++) {
		snprintf(yaml, sizeof(yaml),
			 SETS "  - {name: l, capacity: 1000000, rate: 1/s, match: {%s}}\n",
			 conditions[i][0]);
		if (!fixture_open(&fixture, yaml))
			return;
		for (n = 0, charged = 0; n < packets && !tg_test_failed; n++) {
			random_model(&model);
			charged += check_packet(&fixture, &model);
		}
		CHECK(tg_test_failed || (charged && charged < packets), "%u of %u: %s", charged,
		      packets, conditions[i][0]);
		fixture_close(&fixture);
	}
}

TEST(test_no_conditions_no_lookups)
{
	struct fixture fixture;
	struct model model;

	if (!fixture_open(&fixture, "limits: [{name: a, capacity: 1000, rate: 1/s}]\n"))
		return;
	CHECK(!fixture.compiled->policy.has_sources && !fixture.compiled->policy.has_destinations &&
	      !fixture.compiled->policy.has_lengths && !fixture.compiled->policy.has_tcp_flags &&
	      !fixture.compiled->policy.has_icmp_types &&
	      !fixture.compiled->policy.has_source_ports &&
	      !fixture.compiled->policy.has_destination_ports &&
	      !fixture.compiled->policy.has_fragments);
	random_model(&model);
	CHECK(check_packet(&fixture, &model) == 1);
	fixture_close(&fixture);
}

/* Nested prefixes of several limits: each address gets the limits of all around it. */
TEST(test_nested_prefixes)
{
	static const char *const sources[] = {"10.0.0.1", "10.1.0.1", "10.1.2.3", "10.1.2.4",
					      "11.0.0.1"};
	static const unsigned int wanted[] = {1, 2, 2, 3, 0};
	struct model model = {.destination = "203.0.113.1", .protocol = IPPROTO_UDP};
	struct fixture fixture;
	size_t i;

	if (!fixture_open(&fixture,
			  "limits:\n"
			  "  - {name: a, match: {source: 10.0.0.0/8}, capacity: 99, rate: 1/s}\n"
			  "  - {name: b, match: {source: 10.1.0.0/16}, capacity: 99, rate: 1/s}\n"
			  "  - {name: c, match: {source: [10.1.2.0/24, {not: 10.1.2.3}]},"
			  " capacity: 99, rate: 1/s}\n"))
		return;
	for (i = 0; i < 5; i++) {
		model.source = sources[i];
		CHECK(check_packet(&fixture, &model) == wanted[i], "%s", sources[i]);
	}
	fixture_close(&fixture);
}

/* Buckets by port and protocol: the same source has one for each. */
TEST(test_per_port_and_protocol)
{
	struct model model = {.source = "10.0.0.1",
			      .destination = "203.0.113.1",
			      .protocol = IPPROTO_UDP,
			      .destination_port = 53};
	struct fixture fixture;
	struct packet packet;
	int port, passed = 0;

	if (!fixture_open(&fixture, "limits: [{name: a, per: [source, destination_port, protocol],"
				    " capacity: 2, refill_amount: 1, refill_interval: 1h}]\n"))
		return;
	for (port = 0; port < 30; port++) {
		model.destination_port = port % 5;
		model.protocol = port % 2 ? IPPROTO_UDP : IPPROTO_TCP;
		build(&packet, &model);
		passed += run(&fixture, &packet, packet.length) == XDP_PASS;
	}
	CHECK(passed == 5 * 2 * 2, "%d", passed);
	fixture_close(&fixture);
}

/* per source 3, per /24 5, everyone 8: they hold together, and what one refuses costs no other. */
TEST(test_hierarchy)
{
	static const char policy[] =
		"limits:\n"
		"  - {name: one, prefix: {ipv4: 32, ipv6: 64}, capacity: 3, refill_amount: 1, "
		"refill_interval: 1h}\n"
		"  - {name: net, prefix: {ipv4: 24, ipv6: 56}, capacity: 5, refill_amount: 1, "
		"refill_interval: 1h}\n"
		"  - {name: all, per: everyone, capacity: 8, refill_amount: 1, refill_interval: "
		"1h}\n";
	struct fixture fixture;

	if (!fixture_open(&fixture, policy))
		return;
	CHECK(passes(&fixture, "10.0.0.1", 53, 10) == 3);
	CHECK(passes(&fixture, "10.0.0.2", 53, 10) == 2);
	CHECK(passes(&fixture, "10.0.0.3", 53, 10) == 0);
	CHECK(passes(&fixture, "2001:db8:0:1::1", 53, 2) == 2);
	CHECK(passes(&fixture, "10.9.0.1", 53, 10) == 1);
	CHECK(limit_counters(&fixture, 2).packets[TG_VERDICT_ADMITTED] == 8);
	set_now(&fixture, 1000 * S + 3600 * S);
	CHECK(passes(&fixture, "10.0.0.2", 53, 10) == 1);
	CHECK(passes(&fixture, "10.9.0.1", 53, 10) == 0, "the last of all was taken");
	fixture_close(&fixture);
}

/* Several are charged by one packet; each refuses alone, and the others keep their tokens. */
TEST(test_sixty_four_charged)
{
	static char yaml[16384];
	struct fixture fixture;
	size_t at, i;

	at = sprintf(yaml, "limits:\n");
	for (i = 0; i < 64; i++)
		at += sprintf(yaml + at,
			      "  - {name: l%zu, capacity: %d, refill_amount: 1, refill_interval: "
			      "1h}\n",
			      i, i == 40 ? 3 : 100);
	if (!fixture_open(&fixture, yaml))
		return;
	CHECK(passes(&fixture, "10.0.0.1", 53, 10) == 3);
	for (i = 0; i < 64; i++)
		CHECK(limit_counters(&fixture, i).packets[TG_VERDICT_ADMITTED] == 3, "%zu", i);
	CHECK(limit_counters(&fixture, 40).packets[TG_VERDICT_DROPPED] == 7);
	CHECK(reasons(&fixture).packets[TG_REASON_LIMIT] == 7);
	fixture_close(&fixture);
}

TEST_MAIN(RUN(test_random_few), RUN(test_random_many), RUN(test_each_alone),
	  RUN(test_no_conditions_no_lookups), RUN(test_nested_prefixes),
	  RUN(test_per_port_and_protocol), RUN(test_hierarchy), RUN(test_sixty_four_charged))
