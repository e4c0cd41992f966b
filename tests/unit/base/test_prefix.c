/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "test.h"

#include <errno.h>
#include <stdlib.h>

#include "base/prefix.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

TEST(test_round_trip)
{
	static const struct {
		const char *text, *formatted;
		unsigned int length;
		bool ipv4;
	} cases[] = {
		{"192.0.2.0/24", "192.0.2.0/24", 120, true},
		{"198.51.100.7", "198.51.100.7/32", 128, true},
		{"0.0.0.0/0", "0.0.0.0/0", 96, true},
		{"255.255.255.255/32", "255.255.255.255/32", 128, true},
		{"10.128.0.0/9", "10.128.0.0/9", 105, true},
		{"2001:db8::/32", "2001:db8::/32", 32, false},
		{"2001:0DB8:0:0:0:0:0:1", "2001:db8::1/128", 128, false},
		{"::/0", "::/0", 0, false},
		{"::1", "::1/128", 128, false},
		{"fe80::/10", "fe80::/10", 10, false},
		{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1/128", 128, false},
		{"64:ff9b::192.0.2.1", "64:ff9b::c000:201/128", 128, false},
	};
	char why[256], text[TG_PREFIX_TEXT_SIZE];
	struct tg_prefix prefix;
	size_t i;

	for (i = 0; i < COUNT(cases); i++) {
		CHECK(tg_prefix_parse(cases[i].text, &prefix, why, sizeof(why)) == 0, "%s",
		      cases[i].text);
		CHECK(prefix.length == cases[i].length, "%s: %u", cases[i].text, prefix.length);
		CHECK(tg_prefix_is_ipv4(&prefix) == cases[i].ipv4, "%s", cases[i].text);
		tg_prefix_format(&prefix, text, sizeof(text));
		CHECK(strcmp(text, cases[i].formatted) == 0, "%s became %s", cases[i].text, text);
	}
}

TEST(test_mapped_bytes)
{
	static const uint8_t wanted[16] = {[10] = 0xff, [11] = 0xff, [12] = 192, [14] = 2};
	struct tg_prefix prefix;
	char why[256];

	CHECK(tg_prefix_parse("192.0.2.0/24", &prefix, why, sizeof(why)) == 0);
	CHECK(memcmp(prefix.address, wanted, sizeof(wanted)) == 0);
}

TEST(test_refused)
{
	static const struct {
		const char *text, *why;
	} cases[] = {
		{"", "write it as 192.0.2.0/24"},
		{"office", "write it as 192.0.2.0/24"},
		{"10.0.0", "is not a prefix"},
		{"10.0.0.256", "is not a prefix"},
		{"010.0.0.1", "is not a prefix"},
		{"10.0.0.0 /8", "is not a prefix"},
		{"10.0.0.0/33", "IPv4 prefix is a number from 0 to 32"},
		{"10.0.0.0/", "from 0 to 32"},
		{"10.0.0.0/08", "from 0 to 32"},
		{"10.0.0.0/-1", "from 0 to 32"},
		{"10.0.0.0/8/8", "from 0 to 32"},
		{"10.0.0.0/99999999999999999999", "from 0 to 32"},
		{"10.0.0.0/255.0.0.0", "from 0 to 32"},
		{"2001:db8::/129", "IPv6 prefix is a number from 0 to 128"},
		{"2001:db8:::/32", "is not a prefix"},
		{"fe80::1%lo", "is not a prefix"},
		{"10.0.0.1/8", "write 10.0.0.0/8"},
		{"192.0.2.1/31", "write 192.0.2.0/31"},
		{"2001:db8::1/64", "write 2001:db8::/64"},
		{"::ffff:10.0.0.0/104", "write 10.0.0.0/8"},
		{"::ffff:192.0.2.1", "write 192.0.2.1/32"},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", "is not a prefix"},
	};
	struct tg_prefix prefix, before;
	char why[256];
	size_t i;

	memset(&before, 0x55, sizeof(before));
	for (i = 0; i < COUNT(cases); i++) {
		prefix = before;
		CHECK(tg_prefix_parse(cases[i].text, &prefix, why, sizeof(why)) == -EINVAL, "%s",
		      cases[i].text);
		CHECK(strstr(why, cases[i].why) != NULL, "%s: %s", cases[i].text, why);
		CHECK(memcmp(&prefix, &before, sizeof(prefix)) == 0, "%s", cases[i].text);
	}
}

TEST(test_list)
{
	static const char *const texts[] = {"10.0.0.0/8", "2001:db8::/32", "10.0.0.0/16",
					    "10.0.0.0/8", "9.0.0.0/8",	   "10.0.0.0/16"};
	static const char *const sorted[] = {"9.0.0.0/8", "10.0.0.0/8", "10.0.0.0/16",
					     "2001:db8::/32"};
	char why[256], text[TG_PREFIX_TEXT_SIZE];
	struct tg_prefix_list list = {0};
	struct tg_prefix prefix;
	size_t i, round;

	tg_prefix_list_sort_unique(&list);
	CHECK(list.n == 0);
	for (round = 0; round < 20; round++) {
		for (i = 0; i < COUNT(texts); i++) {
			CHECK(tg_prefix_parse(texts[i], &prefix, why, sizeof(why)) == 0);
			CHECK(tg_prefix_list_add(&list, &prefix) == 0);
		}
	}
	tg_prefix_list_sort_unique(&list);
	CHECK(list.n == COUNT(sorted), "%zu", list.n);
	for (i = 0; i < list.n && i < COUNT(sorted); i++)
		CHECK(strcmp(tg_prefix_format(&list.items[i], text, sizeof(text)), sorted[i]) == 0,
		      "%s", text);
	tg_prefix_list_clear(&list);
	CHECK(list.items == NULL && list.n == 0 && list.room == 0);
}

static void add(struct tg_prefix_list *list, const char *text)
{
	struct tg_prefix prefix;
	char why[256];

	CHECK(tg_prefix_parse(text, &prefix, why, sizeof(why)) == 0, "%s", why);
	CHECK(tg_prefix_list_add(list, &prefix) == 0);
}

/* @texts: with a space behind each. */
static void expect(const struct tg_prefix_list *list, const char *texts)
{
	char all[1024] = "", text[TG_PREFIX_TEXT_SIZE];
	size_t i;

	for (i = 0; i < list->n; i++) {
		strcat(all, tg_prefix_format(&list->items[i], text, sizeof(text)));
		strcat(all, " ");
	}
	CHECK(strcmp(all, texts) == 0, "\"%s\" instead of \"%s\"", all, texts);
}

/* Whoever adds to a list that is shared, first or second, leaves the other as it was. */
TEST(test_shared_list)
{
	struct tg_prefix_list first = {0}, second, third;

	tg_prefix_list_share(&second, &first);
	CHECK(!second.items && tg_prefix_list_equal(&first, &second), "both empty");
	add(&first, "10.0.0.0/8");
	add(&first, "11.0.0.0/8");
	CHECK(!tg_prefix_list_equal(&first, &second));
	tg_prefix_list_share(&second, &first);
	tg_prefix_list_share(&third, &second);
	CHECK(second.items == first.items && third.items == first.items, "no copy");
	tg_prefix_list_sort_unique(&third);
	CHECK(third.items == first.items, "in order already");
	add(&first, "12.0.0.0/8");
	add(&second, "9.0.0.0/8");
	tg_prefix_list_sort_unique(&second);
	expect(&first, "10.0.0.0/8 11.0.0.0/8 12.0.0.0/8 ");
	expect(&second, "9.0.0.0/8 10.0.0.0/8 11.0.0.0/8 ");
	expect(&third, "10.0.0.0/8 11.0.0.0/8 ");
	add(&third, "12.0.0.0/8"); /* which it has alone by now */
	CHECK(third.items != first.items && tg_prefix_list_equal(&third, &first), "the same bytes");
	CHECK(!tg_prefix_list_equal(&third, &second), "of the same number");
	tg_prefix_list_clear(&first);
	expect(&third, "10.0.0.0/8 11.0.0.0/8 12.0.0.0/8 ");
	tg_prefix_list_clear(&second);
	tg_prefix_list_clear(&third);
}

TEST_MAIN(RUN(test_round_trip), RUN(test_mapped_bytes), RUN(test_refused), RUN(test_list),
	  RUN(test_shared_list))
