// SPDX-License-Identifier: GPL-2.0-or-later
/* Which header an interface's frames have, from made-up messages of rtnetlink(7). */
#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "attach/header.h"
#include "test.h"

#define REFUSED TG_HEADERS
#define TUN	1
#define TAP	2

struct link_case {
	unsigned int type;
	const char *kind; /* NULL: not said */
	int tun;	  /* TUN or TAP; 0: not said */
	const char *remote;
	bool collects;
	enum tg_header header; /* or REFUSED */
	const char *why;
};

static const struct link_case cases[] = {
	{ARPHRD_ETHER, NULL, 0, NULL, false, TG_HEADER_ETHERNET, NULL},
	{ARPHRD_ETHER, "veth", 0, NULL, false, TG_HEADER_ETHERNET, NULL},
	{ARPHRD_LOOPBACK, NULL, 0, NULL, false, TG_HEADER_ETHERNET, NULL},
	{ARPHRD_ETHER, "gretap", 0, "192.0.2.1", false, TG_HEADER_ETHERNET, NULL},
	{ARPHRD_NONE, "wireguard", 0, NULL, false, TG_HEADER_NONE, NULL},
	{ARPHRD_NONE, "tun", TUN, NULL, false, TG_HEADER_NONE, NULL},
	{ARPHRD_ETHER, "tun", TAP, NULL, false, TG_HEADER_ETHERNET, NULL},
	/* whatever type the program behind it has set */
	{ARPHRD_ETHER, "tun", TUN, NULL, false, TG_HEADER_NONE, NULL},
	{ARPHRD_NONE, "tun", TAP, NULL, false, TG_HEADER_ETHERNET, NULL},
	{ARPHRD_PPP, "ppp", 0, NULL, false, TG_HEADER_NONE, NULL},
	{ARPHRD_RAWIP, NULL, 0, NULL, false, TG_HEADER_NONE, NULL},
	{ARPHRD_TUNNEL, "ipip", 0, NULL, false, TG_HEADER_NONE, NULL},
	{ARPHRD_TUNNEL6, "ip6tnl", 0, NULL, false, TG_HEADER_NONE, NULL},
	{ARPHRD_SIT, "sit", 0, NULL, false, TG_HEADER_NONE, NULL},
	{ARPHRD_IPGRE, "gre", 0, "192.0.2.1", false, TG_HEADER_NONE, NULL},
	{ARPHRD_IP6GRE, "ip6gre", 0, "2001:db8::1", false, TG_HEADER_NONE, NULL},
	{ARPHRD_IPGRE, "gre", 0, "0.0.0.0", true, TG_HEADER_NONE, NULL},
	{ARPHRD_IPGRE, "gre", 0, "0.0.0.0", false, REFUSED, "without one fixed remote"},
	{ARPHRD_IPGRE, "gre", 0, NULL, false, REFUSED, "without one fixed remote"},
	{ARPHRD_IPGRE, "gre", 0, "224.0.0.9", false, REFUSED, "without one fixed remote"},
	{ARPHRD_IP6GRE, "ip6gre", 0, "::", false, REFUSED, "without one fixed remote"},
	{ARPHRD_IP6GRE, "ip6gre", 0, "ff02::9", false, REFUSED, "without one fixed remote"},
	{ARPHRD_NONE, "xfrm", 0, NULL, false, REFUSED, "IPsec"},
	{ARPHRD_TUNNEL, "vti", 0, NULL, false, REFUSED, "IPsec"},
	{ARPHRD_TUNNEL6, "vti6", 0, NULL, false, REFUSED, "IPsec"},
	{ARPHRD_INFINIBAND, NULL, 0, NULL, false, REFUSED, "link type 32 "},
	{ARPHRD_CAN, "vcan", 0, NULL, false, REFUSED, "link type 280 "},
	{ARPHRD_NETLINK, "nlmon", 0, NULL, false, REFUSED, "link type 824 "},
};

static void put_remote(struct nlmsghdr *message, const char *text)
{
	unsigned char address[16];
	bool ipv6 = strchr(text, ':');

	inet_pton(ipv6 ? AF_INET6 : AF_INET, text, address);
	mnl_attr_put(message, IFLA_GRE_REMOTE, ipv6 ? 16 : 4, address);
}

static void build(const struct link_case *row, struct nlmsghdr *message)
{
	struct ifinfomsg *link = mnl_nlmsg_put_extra_header(message, sizeof(*link));
	struct nlattr *info, *data;

	link->ifi_type = row->type;
	mnl_attr_put_strz(message, IFLA_IFNAME, "x0");
	if (!row->kind)
		return;
	info = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, row->kind);
	data = mnl_attr_nest_start(message, IFLA_INFO_DATA);
	if (row->tun)
		mnl_attr_put_u8(message, IFLA_TUN_TYPE, row->tun);
	else
		mnl_attr_put_u16(message, IFLA_GRE_OFLAGS, 0); /* the same number */
	if (row->remote)
		put_remote(message, row->remote);
	if (row->collects)
		mnl_attr_put(message, IFLA_GRE_COLLECT_METADATA, 0, NULL);
	mnl_attr_nest_end(message, data);
	mnl_attr_nest_end(message, info);
}

TEST(test_header)
{
	char buffer[1024], why[TG_HEADER_WHY];
	enum tg_header header;
	size_t i;
	int error;

	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct link_case *row = &cases[i];
		struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);

		build(row, message);
		header = TG_HEADERS;
		error = tg_header_of(message, &header, why);
		CHECK(error == (row->header == REFUSED ? -EPROTONOSUPPORT : 0),
		      "row %zu, type %u, kind %s: %d", i, row->type, row->kind ? row->kind : "",
		      error);
		CHECK(header == row->header, "row %zu, type %u: header %d", i, row->type, header);
		CHECK(!row->why || strstr(why, row->why), "row %zu: %s", i, why);
	}
}

TEST_MAIN(RUN(test_header))
