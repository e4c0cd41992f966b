// SPDX-License-Identifier: GPL-2.0-or-later
/* What copies of a configuration share, and that a change of one is no change of the other. */
#include <pthread.h>

#include "config/load.h"
#include "config/set.h"
#include "test.h"

static const char text[] = "interfaces: [{name: eth0}]\n"
			   "sets:\n"
			   "  office: [192.0.2.0/24, 10.0.0.0/8, \"2001:db8::/32\", 10.0.0.0/8]\n"
			   "  all: [office]\n"
			   "allow: [127.0.0.1]\n"
			   "deny: [all]\n"
			   "limits:\n"
			   "  - {name: a, match: {source: office}, capacity: 9, rate: 9/s}\n"
			   "  - {name: b, match: {source: {not: office}, destination: [10.0.0.0/9, "
			   "office]}, capacity: 9, rate: 9/s}\n"
			   "  - {name: c, capacity: 9, rate: 9/s}\n";

static struct tg_config *parse(const char *yaml)
{
	struct tg_diagnostics diagnostics = {0};
	struct tg_config *config = NULL;

	CHECK(tg_config_parse("t.yaml", yaml, strlen(yaml), &config, &diagnostics) == 0);
	tg_diagnostics_print(&diagnostics, stdout);
	tg_diagnostics_clear(&diagnostics);
	return config;
}

/* A set is in memory once, whoever names it alone; and in order, though written otherwise. */
TEST(test_sets_are_read_once)
{
	struct tg_config *config = parse(text);
	const struct tg_match *a = config->limits[0].match, *b = config->limits[1].match;

	CHECK(config->deny.n == 3 && config->deny.items[0].length == 96 + 8);
	CHECK(a->source.is.items == config->deny.items);
	CHECK(b->source.is_not.items == config->deny.items);
	CHECK(b->destination.is.n == 4 && b->destination.is.items != config->deny.items, "more");
	CHECK(b->destination.is.items[1].length == 96 + 9, "%d", b->destination.is.items[1].length);
	tg_config_free(&config);
}

static bool share_all(const struct tg_config *one, const struct tg_config *two)
{
	size_t i;

	for (i = 0; i < one->limits_n; i++)
		if (one->limits[i].match != two->limits[i].match)
			return false;
	return one->allow.items == two->allow.items && one->deny.items == two->deny.items;
}

TEST(test_copies_share)
{
	static const struct tg_setting setting = {"a", "capacity", "77"};
	struct tg_config *config = parse(text), *copy = tg_config_copy(config);
	char why[256];

	CHECK(copy && share_all(config, copy), "all that is long");
	CHECK(copy->limits != config->limits && copy->interfaces != config->interfaces);
	CHECK(tg_config_set(tg_config_edit_limit(copy, "a"), &setting, 1, why, sizeof(why)) == 0);
	CHECK(tg_config_find_limit(copy, "a")->refill.capacity == 77);
	CHECK(tg_config_find_limit(config, "a")->refill.capacity == 9, "as it was");
	tg_config_free(&config);
	CHECK(copy->deny.n == 3 && copy->limits[0].match->source.is.n == 3, "outlives it");
	tg_config_free(&copy);
}

/* What a reload reads is shared with what is in force where it says the same. */
TEST(test_equal_parts_are_shared)
{
	struct tg_config *force = parse(text), *same = parse(text), *other;

	CHECK(!share_all(force, same));
	tg_config_share_equal(same, force);
	CHECK(share_all(force, same));
	tg_config_free(&force);
	CHECK(same->deny.n == 3 && same->limits[0].match->source.is.n == 3);
	other = parse("interfaces: [{name: eth0}]\n"
		      "allow: [127.0.0.1]\n"
		      "deny: [192.0.2.0/24, 10.0.0.0/8, \"2001:db8::/33\"]\n"
		      "limits:\n"
		      "  - {name: c, match: {protocol: tcp}, capacity: 9, rate: 9/s}\n"
		      "  - {name: d, capacity: 9, rate: 9/s}\n"
		      "  - {name: a, match: {source: [10.0.0.0/8, 192.0.2.0/24, "
		      "\"2001:db8::/32\"]}, capacity: 8, rate: 8/s}\n");
	tg_config_share_equal(other, same);
	CHECK(other->allow.items == same->allow.items);
	CHECK(other->deny.n == 3 && other->deny.items[2].length == 33, "%u",
	      other->deny.items[2].length);
	CHECK(other->limits[0].match != same->limits[2].match, "c matches something else");
	CHECK(other->limits[2].match == same->limits[0].match, "a, at another place");
	CHECK(other->limits[2].refill.capacity == 8, "only the match");
	tg_config_free(&same);
	tg_config_free(&other);
}

#define THREADS 4
#define ROUNDS	20000

/* Owners come and go, and copies are made, as between the daemon's threads. */
static void *own(void *data)
{
	const struct tg_config *config = data, *mine;
	struct tg_config *copy;
	int i;

	for (i = 0; i < ROUNDS; i++) {
		mine = tg_config_ref(config);
		if (i % 16 == 0) {
			copy = tg_config_copy(mine);
			tg_config_free(&copy);
		}
		tg_config_unref(&mine);
	}
	tg_config_unref(&config);
	return NULL;
}

/* The sanitizer says if one is freed too early, or not at all. */
TEST(test_owners_in_threads)
{
	const struct tg_config *config = parse(text);
	pthread_t threads[THREADS];
	size_t i;

	for (i = 0; i < THREADS; i++)
		CHECK(pthread_create(&threads[i], NULL, own, (void *)tg_config_ref(config)) == 0);
	tg_config_unref(&config);
	CHECK(!config);
	tg_config_unref(&config); /* once more does no harm */
	for (i = 0; i < THREADS; i++)
		pthread_join(threads[i], NULL);
}

TEST_MAIN(RUN(test_sets_are_read_once), RUN(test_copies_share), RUN(test_equal_parts_are_shared),
	  RUN(test_owners_in_threads))
