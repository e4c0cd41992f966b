// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The header of an interface's frames follows from its link type (ARPHRD_ of linux/if_arp.h). Only
 * kinds are let through of which it is known that programs get frames from that header on, at every
 * hook.
 */
#include "attach/header.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_arp.h>
#include <linux/if_link.h>
#include <linux/if_tun.h>
#include <linux/if_tunnel.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct {
	uint16_t type;
	enum tg_header header;
} types[] = {
	{ARPHRD_ETHER, TG_HEADER_ETHERNET}, {ARPHRD_LOOPBACK, TG_HEADER_ETHERNET},
	{ARPHRD_NONE, TG_HEADER_NONE}, /* tun, WireGuard, netkit */
	{ARPHRD_PPP, TG_HEADER_NONE},	    {ARPHRD_RAWIP, TG_HEADER_NONE}, /* mobile modems */
	{ARPHRD_TUNNEL, TG_HEADER_NONE},    {ARPHRD_TUNNEL6, TG_HEADER_NONE},
	{ARPHRD_SIT, TG_HEADER_NONE},	    {ARPHRD_IPGRE, TG_HEADER_NONE},
	{ARPHRD_IP6GRE, TG_HEADER_NONE},
};

/* What is needed of IFLA_LINKINFO; NULL: the message does not say. */
struct details {
	const char *kind;
	const struct nlattr *tun_type, *remote;
	bool collects_metadata;
};

static void read_data(const struct nlattr *data, struct details *details)
{
	bool tun = strcmp(details->kind, "tun") == 0;
	const struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, data)
	{
		switch (mnl_attr_get_type(attribute)) {
		case IFLA_TUN_TYPE: /* 3, which is another thing of GRE */
			details->tun_type = tun ? attribute : NULL;
			break;
		case IFLA_GRE_REMOTE:
			details->remote = attribute;
			break;
		case IFLA_GRE_COLLECT_METADATA:
			details->collects_metadata = true;
			break;
		}
	}
}

static void read_details(const struct nlattr *linkinfo, struct details *details)
{
	const struct nlattr *attribute, *data = NULL;

	mnl_attr_for_each_nested(attribute, linkinfo)
	{
		if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
			details->kind = mnl_attr_get_str(attribute);
		if (mnl_attr_get_type(attribute) == IFLA_INFO_DATA)
			data = attribute;
	}
	if (details->kind && data)
		read_data(data, details);
}

static bool is_kind(const struct details *details, const char *kind)
{
	return details->kind && strcmp(details->kind, kind) == 0;
}

/* True if the address of the other end is that of one host. */
static bool has_remote(const struct nlattr *remote)
{
	static const uint8_t none[16];
	const uint8_t *address = remote ? mnl_attr_get_payload(remote) : none;

	if (!remote || memcmp(address, none, mnl_attr_get_payload_len(remote)) == 0)
		return false;
	if (mnl_attr_get_payload_len(remote) == 4)
		return (address[0] & 0xf0) != 0xe0;
	return address[0] != 0xff;
}

/* Kinds whose type says that IP begins at once, although something may stand before it. */
static int check_bare(const struct details *details, char *why)
{
	bool gre = is_kind(details, "gre") || is_kind(details, "ip6gre");

	if (gre && !details->collects_metadata && !has_remote(details->remote))
		snprintf(why, TG_HEADER_WHY,
			 "a GRE tunnel without one fixed remote address carries its outer header "
			 "before each packet, which tidegate does not read; give it `remote`, or "
			 "limit protocol: 47 at the interface below");
	else if (is_kind(details, "xfrm") || is_kind(details, "vti") || is_kind(details, "vti6"))
		snprintf(why, TG_HEADER_WHY,
			 "the kernel leaves the outer frame's Ethernet header before what IPsec "
			 "has decrypted, which tidegate does not read; limit at the interface "
			 "below");
	else
		return 0;
	return -EPROTONOSUPPORT;
}

int tg_header_of(const struct nlmsghdr *link, enum tg_header *header, char *why)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(link);
	const struct nlattr *attribute;
	struct details details = {};
	size_t i;

	mnl_attr_for_each(attribute, link, sizeof(*info))
	{
		if (mnl_attr_get_type(attribute) == IFLA_LINKINFO)
			read_details(attribute, &details);
	}
	if (details.tun_type) { /* its program may give it any type: TUNSETLINK */
		*header = mnl_attr_get_u8(details.tun_type) == IFF_TUN ? TG_HEADER_NONE
								       : TG_HEADER_ETHERNET;
		return 0;
	}
	for (i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (types[i].type != info->ifi_type)
			continue;
		if (types[i].header == TG_HEADER_NONE && check_bare(&details, why))
			return -EPROTONOSUPPORT;
		*header = types[i].header;
		return 0;
	}
	snprintf(why, TG_HEADER_WHY,
		 "its frames begin with a header that tidegate does not know (link type %u of "
		 "linux/if_arp.h); leave it out",
		 info->ifi_type);
	return -EPROTONOSUPPORT;
}
