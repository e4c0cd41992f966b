// SPDX-License-Identifier: GPL-2.0-or-later
/* Allow and deny entries, as far as that takes no kernel. */
#include <errno.h>
#include <tidegate/lists.h>

#include "datapath/entries_private.h"
#include "control/entry_terms.h"
#include "test.h"

TEST(test_terms)
{
	static const struct {
		const char *duration, *note;
		uint64_t for_ns; /* 0: refused */
	} cases[] = {
		{NULL, NULL, TG_NO_END},
		{"10m", "", 600000000000},
		{"1ns", "Überlast, ticket 7", 1},
		{"36500d", NULL, 36500ULL * 86400 * 1000000000},
		{"36501d", NULL, 0},
		{"99999999999999999999d", NULL, 0},
		{"0s", NULL, 0},
		{"600", NULL, 600000000000},
		{"-1", NULL, TG_NO_END},
		{"4999h59m53s", NULL, 17999993000000000},
		{"3h59m51.5s", NULL, 14391500000000},
		{"0", NULL, 0},
		{"-2", NULL, 0},
		{"010", NULL, 0},
		{"1h x", NULL, 0},
		{"h", NULL, 0},
		{"5m5", NULL, 0},
		{"3153600001", NULL, 0},
		{"36500d1s", NULL, 0},
		{"", NULL, 0},
		{"1s", "two\nlines", 0},
		{"1s", "a\ttab", 0},
		{"1s", "\033[31m", 0},
		{"1s", "\xff", 0},
	};
	char why[256], note[TG_NOTE_SIZE + 1];
	uint64_t for_ns;
	size_t i;
	int error;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		for_ns = 0;
		error = tg_entry_take_terms(cases[i].duration, cases[i].note, &for_ns, why,
					    sizeof(why));
		CHECK(for_ns == cases[i].for_ns && (error == 0) == (for_ns != 0), "%zu", i);
	}
	memset(note, 'n', sizeof(note));
	note[TG_NOTE_SIZE - 1] = '\0';
	CHECK(tg_entry_take_terms(NULL, note, &for_ns, why, sizeof(why)) == 0, "the longest note");
	note[TG_NOTE_SIZE - 1] = 'n';
	note[TG_NOTE_SIZE] = '\0';
	CHECK(tg_entry_take_terms(NULL, note, &for_ns, why, sizeof(why)) != 0, "a longer one");
}

TEST(test_unreadable)
{
	struct tg_lpm_key key = {.prefix_length = 128};
	struct tg_entry entry = {.prefix_length = 7};

	CHECK(tg_entries_get(-1, &key, &entry) == -EBADF, "what cannot be read is not missing");
	CHECK(entry.prefix_length == 7, "and nothing is written");
}

TEST(test_order)
{
	/* As the kernel walks its trie. */
	static const char *const sorted[] = {
		"::/128",	   "::/127",	     "0.0.0.0/32",    "10.1.128.0/17",
		"10.1.0.0/16",	   "10.2.0.0/16",    "10.0.0.0/8",    "255.255.255.255/32",
		"0.0.0.0/0",	   "2001:db8::/128", "2001:db8::/64", "2001:db8:0:1::/64",
		"2001:db8:8000::", "2001:db8::/32",  "ffff::/16",     "::/0",
	};
	struct tg_lpm_key keys[16];
	struct tg_prefix prefix;
	char why[256];
	size_t i, j;

	for (i = 0; i < 16; i++) {
		CHECK(tg_prefix_parse(sorted[i], &prefix, why, sizeof(why)) == 0, "%s", why);
		keys[i] = tg_lpm_key_of(&prefix);
	}
	for (i = 0; i < 16; i++)
		for (j = 0; j < 16; j++) {
			int expected = i < j ? -1 : i > j;
			int order = tg_lpm_compare(&keys[i], &keys[j]);

			CHECK((order > 0) - (order < 0) == expected, "%s and %s", sorted[i],
			      sorted[j]);
		}
}

TEST(test_meaning)
{
	struct tg_entry entry = {.allow.until = 100, .deny.until = TG_NO_END};

	CHECK(tg_entry_list(&entry, 99) == TG_LIST_ALLOW, "allow comes first");
	CHECK(tg_entry_list(&entry, 100) == TG_LIST_DENY, "until it ends");
	CHECK(tg_entry_ends(&entry), "one does");
	entry.allow.until = 0;
	CHECK(!tg_entry_ends(&entry), "none does");
	CHECK(tg_entry_list(&entry, 0) == TG_LIST_DENY, "at any time");
	entry.deny.until = 0;
	CHECK(tg_entry_list(&entry, 0) == TG_LIST_NEITHER, "on no list");
}

TEST(test_precedence)
{
	const struct tg_listed neither = {TG_LIST_NEITHER, 128}, allow = {TG_LIST_ALLOW, 24},
			       deny = {TG_LIST_DENY, 24}, longer = {TG_LIST_DENY, 25};

	CHECK(!tg_listed_decides(&neither, &neither), "nothing decides nothing");
	CHECK(tg_listed_decides(&deny, &neither) && !tg_listed_decides(&neither, &deny), "one");
	CHECK(tg_listed_decides(&allow, &deny) && !tg_listed_decides(&deny, &allow), "allow");
	CHECK(tg_listed_decides(&longer, &allow) && !tg_listed_decides(&allow, &longer), "longer");
}

TEST_MAIN(RUN(test_terms), RUN(test_unreadable), RUN(test_order), RUN(test_meaning),
	  RUN(test_precedence))
