// SPDX-License-Identifier: GPL-2.0-or-later
/* Whom the status page is shown to. Over HTTP: tests/netns/test_page.sh. */
#include <arpa/inet.h>

#include "http/guard.h"
#include "test.h"

TEST(test_hosts)
{
	static const struct {
		const char *host;
		bool ours;
	} cases[] = {
		{"localhost", true},
		{"LOCALHOST", true},
		{"127.0.0.1", true},
		{"127.255.0.9", true},
		{"[::1]", true},
		{"[0:0:0:0:0:0:0:1]", true},
		{"Own.Example", true},
		{NULL, false},
		{"", false},
		{"example", false},
		{"own.example.evil", false},
		{"localhost.", false},
		{"localhost.evil", false},
		{"127.0.0.1.evil", false},
		{"128.0.0.1", false},
		{"0.0.0.0", false},
		{"127.1", false},
		{"2130706433", false},
		{"::1", false},
		{"[::1", false},
		{"[]", false},
		{"[", false},
		{"[::1]]", false},
		{"[::]", false},
		{"[::2]", false},
		{"[::ffff:127.0.0.1]", false},
		{"[0000000000000000000000000000000000000000000000000000000000000000000001]", false},
	};
	size_t i;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		CHECK(tg_http_host_is_ours(cases[i].host, "own.example") == cases[i].ours, "%s",
		      cases[i].host ? cases[i].host : "none");
}

TEST(test_sockets)
{
	struct sockaddr_in v4 = {.sin_family = AF_INET};
	struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
	struct sockaddr other = {.sa_family = AF_UNIX};

	CHECK(!tg_http_is_loopback((struct sockaddr *)&v4), "0.0.0.0");
	CHECK(!tg_http_is_loopback((struct sockaddr *)&v6), "::");
	CHECK(!tg_http_is_loopback(&other), "of another family");
	v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 5);
	v6.sin6_addr = in6addr_loopback;
	CHECK(tg_http_is_loopback((struct sockaddr *)&v4), "127.0.0.6");
	CHECK(tg_http_is_loopback((struct sockaddr *)&v6), "::1");
	inet_pton(AF_INET, "192.0.2.1", &v4.sin_addr);
	inet_pton(AF_INET6, "::ffff:192.0.2.1", &v6.sin6_addr);
	CHECK(!tg_http_is_loopback((struct sockaddr *)&v4), "192.0.2.1");
	CHECK(!tg_http_is_loopback((struct sockaddr *)&v6), "mapped");
}

TEST(test_sites)
{
	CHECK(!tg_http_is_cross_site(NULL), "no browser, or an old one");
	CHECK(!tg_http_is_cross_site("same-origin"), "the page itself");
	CHECK(!tg_http_is_cross_site("none"), "typed in by hand");
	CHECK(tg_http_is_cross_site("same-site"), "another port");
	CHECK(tg_http_is_cross_site("cross-site"), "another site");
	CHECK(tg_http_is_cross_site(""), "nonsense");
}

TEST_MAIN(RUN(test_hosts), RUN(test_sockets), RUN(test_sites))
