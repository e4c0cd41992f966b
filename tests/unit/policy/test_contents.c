// SPDX-License-Identifier: GPL-2.0-or-later
/* Which contents of maps a policy shares with the one before it: those that come out the same, and
 * no other. */
#include <stdlib.h>

#include "config/load.h"
#include "policy/compile.h"
#include "test.h"

#define TICK 4000000ULL

#define BASE                                                                                       \
	"interfaces: [{name: eth0}]\n"                                                             \
	"sets: {office: [192.0.2.0/24, \"2001:db8::/32\"]}\n"
#define LISTS "allow: [127.0.0.1]\ndeny: [office, 10.0.0.0/8]\n"
#define A                                                                                          \
	"  - {name: a, match: {protocol: udp, source: office, destination: {not: 10.0.0.0/8}, "    \
	"source_port: 53, destination_port: {not: 53}, length: 100-200}, capacity: 9, rate: 9/s}\n"
#define B "  - {name: b, capacity: 9, rate: 9/s}\n"
#define C "  - {name: c, match: {protocol: tcp}, capacity: 9, rate: 9/s}\n"

/* The contents as bits. */
enum { LIST = 1, SOURCE = 2, DESTINATION = 4, FROM = 8, TO = 16, LENGTH = 32, ALL = 63 };

static struct tg_config *parse(const char *yaml)
{
	struct tg_diagnostics diagnostics = {0};
	struct tg_config *config = NULL;

	CHECK(tg_config_parse("t.yaml", yaml, strlen(yaml), &config, &diagnostics) == 0);
	if (!config)
		tg_diagnostics_print(&diagnostics, stdout);
	tg_diagnostics_clear(&diagnostics);
	return config;
}

/* Compiled over the records of @over (NULL: none), and with @previous to share with. */
static struct tg_compiled *compile(const struct tg_config *config, const struct tg_compiled *over,
				   const struct tg_compiled *previous)
{
	static const struct tg_limit_record none[TG_LIMITS_MAX];
	const struct tg_meta meta = {.abi_version = TG_ABI_VERSION,
				     .next_serial = over ? over->next_serial : 1,
				     .hash_key = {123, 456}};
	struct tg_compiled *compiled = NULL;

	CHECK(tg_policy_compile(config, over ? over->records : none, &meta, 0, TICK, previous,
				&compiled) == 0);
	return compiled;
}

static bool is_shared(const void *a, const void *b)
{
	return a && a == b;
}

static int shared(const struct tg_contents *a, const struct tg_contents *b)
{
	return is_shared(a->lists, b->lists) * LIST | is_shared(a->sources, b->sources) * SOURCE |
	       is_shared(a->destinations, b->destinations) * DESTINATION |
	       is_shared(a->source_ports, b->source_ports) * FROM |
	       is_shared(a->destination_ports, b->destination_ports) * TO |
	       is_shared(a->lengths, b->lengths) * LENGTH;
}

static bool same_entries(const struct tg_address_entries *a, const struct tg_address_entries *b)
{
	return (!a && !b) ||
	       (a && b && a->n == b->n && !memcmp(a->items, b->items, a->n * sizeof(*a->items)));
}

static bool same_masks(const struct tg_field_masks *a, const struct tg_field_masks *b)
{
	return (!a && !b) || (a && b && !memcmp(a->masks, b->masks, sizeof(a->masks)));
}

static bool same_lists(const struct tg_list_content *a, const struct tg_list_content *b)
{
	struct tg_list_entry of_a, of_b;
	size_t i, n = tg_list_content_size(a);

	if (n != tg_list_content_size(b))
		return false;
	for (i = 0; i < n; i++) {
		of_a = tg_list_content_entry(a, i);
		of_b = tg_list_content_entry(b, i);
		if (memcmp(&of_a, &of_b, sizeof(of_a)) != 0)
			return false;
	}
	return true;
}

/* The same, whether shared or made. */
static bool same_contents(const struct tg_contents *a, const struct tg_contents *b)
{
	return same_lists(a->lists, b->lists) && same_entries(a->sources, b->sources) &&
	       same_entries(a->destinations, b->destinations) &&
	       same_masks(a->source_ports, b->source_ports) &&
	       same_masks(a->destination_ports, b->destination_ports) &&
	       same_masks(a->lengths, b->lengths);
}

static const struct {
	const char *from, *to;
	int shared;
} changes[] = {
	/* The same file, read again: other objects that say the same. */
	{BASE LISTS "limits:\n" A B, BASE LISTS "limits:\n" A B, ALL},
	/* Numbers, units and actions are in no map of these. */
	{BASE LISTS "limits:\n" A B,
	 BASE LISTS "limits:\n" A
		    "  - {name: b, unit: bytes, capacity: 90kB, rate: 8MB/s, shadow: true}\n",
	 ALL},
	/* What does not change the lists, and what does. */
	{BASE LISTS "limits:\n" A,
	 BASE "deny: [\"2001:db8::/32\", 10.0.0.0/8, 192.0.2.0/24]\n"
	      "allow: [127.0.0.1]\nlimits:\n" A,
	 ALL},
	{BASE LISTS "limits:\n" A, BASE "deny: [office]\nallow: [127.0.0.1]\nlimits:\n" A,
	 ALL & ~LIST},
	{BASE LISTS "limits:\n" A,
	 BASE "deny: [127.0.0.1]\nallow: [office, 10.0.0.0/8]\nlimits:\n" A, ALL & ~LIST},
	{BASE LISTS "limits:\n" A, BASE "limits:\n" A, ALL & ~LIST},
	{BASE "limits:\n" A, BASE "limits:\n" A, ALL & ~LIST},
	/* Limits keep their slots, wherever in the file they are. */
	{BASE LISTS "limits:\n" A B, BASE LISTS "limits:\n" B A, ALL},
	/* A slot more, less, or of another limit: other masks. */
	{BASE LISTS "limits:\n" A B, BASE LISTS "limits:\n" A, LIST},
	{BASE LISTS "limits:\n" A, BASE LISTS "limits:\n" A B, LIST},
	{BASE LISTS "limits:\n" A B, BASE LISTS "limits:\n" A C, LIST},
	/* One condition of one limit. */
	{BASE LISTS "limits:\n" A B,
	 BASE LISTS "limits:\n" A "  - {name: b, match: {source: 192.0.2.0/24}, capacity: 9, "
		    "rate: 9/s}\n",
	 ALL & ~SOURCE},
	{BASE LISTS "limits:\n" A B,
	 BASE LISTS "limits:\n" A "  - {name: b, match: {destination: 192.0.2.0/24}, capacity: 9, "
		    "rate: 9/s}\n",
	 ALL & ~DESTINATION},
	{BASE LISTS "limits:\n" A B,
	 BASE LISTS "limits:\n" A "  - {name: b, match: {protocol: udp, source_port: 1}, capacity: "
		    "9, rate: 9/s}\n",
	 ALL & ~FROM},
	{BASE LISTS "limits:\n" A B,
	 BASE LISTS "limits:\n" A "  - {name: b, match: {protocol: udp, destination_port: 1}, "
		    "capacity: 9, rate: 9/s}\n",
	 ALL & ~TO},
	{BASE LISTS "limits:\n" A B,
	 BASE LISTS "limits:\n" A "  - {name: b, match: {length: 40-1500}, capacity: 9, rate: "
		    "9/s}\n",
	 ALL & ~LENGTH},
	/* Two limits change places: the conditions are the same, but of other slots. */
	{BASE LISTS "limits:\n  - {name: x, match: {source: 10.0.0.0/8}, capacity: 9, rate: 9/s}\n"
		    "  - {name: y, match: {source: 10.0.0.0/9}, capacity: 9, rate: 9/s}\n",
	 BASE LISTS "limits:\n  - {name: y, match: {source: 10.0.0.0/8}, capacity: 9, rate: 9/s}\n"
		    "  - {name: x, match: {source: 10.0.0.0/9}, capacity: 9, rate: 9/s}\n",
	 LIST},
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

TEST(test_what_is_shared)
{
	struct tg_compiled *first, *second, *fresh;
	struct tg_config *from, *to;
	size_t i;

	for (i = 0; i < COUNT(changes); i++) {
		from = parse(changes[i].from);
		to = parse(changes[i].to);
		if (!from || !to)
			return;
		first = compile(from, NULL, NULL);
		tg_config_free(&from); /* what is compiled keeps what it needs */
		second = compile(to, first, first);
		fresh = compile(to, first, NULL);
		tg_config_free(&to);
		CHECK(shared(&first->contents, &second->contents) == changes[i].shared,
		      "%zu: %#x, not %#x", i, shared(&first->contents, &second->contents),
		      changes[i].shared);
		CHECK(same_contents(&second->contents, &fresh->contents), "%zu", i);
		CHECK(!memcmp(&second->policy, &fresh->policy, sizeof(fresh->policy)), "%zu", i);
		tg_compiled_free(&first);
		CHECK(same_contents(&second->contents, &fresh->contents), "%zu: outlives it", i);
		tg_compiled_free(&second);
		tg_compiled_free(&fresh);
	}
}

/* A condition of a limit, drawn by lot. */
static void draw(char *yaml, size_t size, unsigned int *seed)
{
	static const char *const matches[] = {
		"",
		", match: {source: office}",
		", match: {source: {not: 10.0.0.0/8}}",
		", match: {destination: office, length: 40-100}",
		", match: {protocol: udp, destination_port: 53}",
		", match: {protocol: udp, destination_port: {not: 53}}",
		", match: {protocol: tcp, source_port: [1, 2]}",
	};
	static const char *const lists[] = {"", LISTS, "deny: [office]\n"};
	int i, n = snprintf(yaml, size, BASE "%slimits:\n", lists[rand_r(seed) % COUNT(lists)]);

	for (i = 0; i < 4; i++)
		if (i == 0 || rand_r(seed) % 3)
			n += snprintf(yaml + n, size - n,
				      "  - {name: l%d%s, capacity: %d, rate: 9/s}\n", i,
				      matches[rand_r(seed) % 4 ? i % COUNT(matches)
							       : rand_r(seed) % COUNT(matches)],
				      1 + rand_r(seed) % 9);
}

/* However policies follow each other, sharing changes no byte. */
TEST(test_random_changes)
{
	struct tg_compiled *before = NULL, *now, *fresh;
	struct tg_config *config;
	unsigned int seed = 42;
	char yaml[4096];
	int i, kept = 0;

	for (i = 0; i < 300; i++) {
		draw(yaml, sizeof(yaml), &seed);
		config = parse(yaml);
		if (!config)
			break;
		now = compile(config, before, before);
		fresh = compile(config, before, NULL);
		tg_config_free(&config);
		CHECK(same_contents(&now->contents, &fresh->contents), "%d: %s", i, yaml);
		kept += before && shared(&before->contents, &now->contents);
		tg_compiled_free(&fresh);
		tg_compiled_free(&before);
		before = now;
	}
	tg_compiled_free(&before);
	CHECK(kept > 50, "%d of 300", kept);
}

TEST_MAIN(RUN(test_what_is_shared), RUN(test_random_changes))
