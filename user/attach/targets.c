// SPDX-License-Identifier: GPL-2.0-or-later
/* A dump of all links from the kernel, filtered by the configuration. */
#include "attach/targets.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/interfaces.h"
#include "base/log.h"
#include "base/errmsg.h"
#include "base/fault.h"
#include "attach/rtnl.h"

struct listing {
	const struct tg_config *config;
	struct tg_target *items;
	size_t n, room;
};

static bool is_vlan(const struct nlattr *linkinfo)
{
	struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, linkinfo)
	{
		if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
			return strcmp(mnl_attr_get_str(attribute), "vlan") == 0;
	}
	return false;
}

static int add_interface(struct listing *listing, const char *name, unsigned int ifindex,
			 unsigned int overlaps)
{
	const struct tg_config_interface *interface = tg_interfaces_match(listing->config, name);
	struct tg_target *grown;

	if (!interface)
		return 0;
	if (listing->n == listing->room) {
		listing->room = listing->room ? listing->room * 2 : 16;
		grown = reallocarray(listing->items, listing->room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		listing->items = grown;
	}
	listing->items[listing->n] = (struct tg_target){
		.ifindex = ifindex,
		.overlaps = overlaps,
		.xdp_mode = interface->xdp_mode,
		.hooks = interface->hooks,
		.manage_qdisc = interface->manage_qdisc,
		.entry = interface - listing->config->interfaces,
		.named = !tg_interface_is_glob(interface->name),
	};
	snprintf(listing->items[listing->n++].name, sizeof(listing->items->name), "%s", name);
	return 0;
}

/* One RTM_NEWLINK of a dump, rtnetlink(7). */
static int on_link(const struct nlmsghdr *header, void *data)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(header);
	unsigned int master = 0, below = 0;
	struct nlattr *attribute;
	const char *name = NULL;
	bool vlan = false;

	mnl_attr_for_each(attribute, header, sizeof(*link))
	{
		switch (mnl_attr_get_type(attribute)) {
		case IFLA_IFNAME:
			name = mnl_attr_get_str(attribute);
			break;
		case IFLA_MASTER:
			master = mnl_attr_get_u32(attribute);
			break;
		case IFLA_LINK:
			below = mnl_attr_get_u32(attribute);
			break;
		case IFLA_LINKINFO:
			vlan = is_vlan(attribute);
			break;
		}
	}
	if (name && add_interface(data, name, link->ifi_index, vlan ? below : master)) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

static void forget_links(void *data)
{
	struct listing *listing = data;

	listing->n = 0;
}

/* Leaves out statistics, which are half of each message: the shorter the dump, the less changes
 * during it. */
static int list_links(struct listing *listing)
{
	char buffer[256];
	struct nlmsghdr *request = mnl_nlmsg_put_header(buffer);
	int error = tg_fault("links");

	if (error)
		return error;
	request->nlmsg_type = RTM_GETLINK;
	request->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	mnl_nlmsg_put_extra_header(request, sizeof(struct ifinfomsg));
	mnl_attr_put_u32(request, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return tg_rtnl_dump(request, on_link, forget_links, listing);
}

static int by_ifindex(const void *a, const void *b)
{
	const struct tg_target *left = a, *right = b;

	return (left->ifindex > right->ifindex) - (left->ifindex < right->ifindex);
}

struct tg_target *tg_targets_of(struct tg_target *targets, size_t n, unsigned int ifindex)
{
	const struct tg_target wanted = {.ifindex = ifindex};

	return n ? bsearch(&wanted, targets, n, sizeof(*targets), by_ifindex) : NULL;
}

/*
 * Sets `overlaps` to 0 where the other interface is not in the list, so packets are charged once.
 */
static void clear_overlaps_outside(struct tg_target *targets, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (targets[i].overlaps && !tg_targets_of(targets, n, targets[i].overlaps))
			targets[i].overlaps = 0;
}

/* Names alone are most likely misspelt; with a pattern an interface may appear later. */
int tg_targets_refuse_none(const struct tg_config *config, char *errmsg)
{
	char names[256] = "";
	size_t i, length = 0;

	for (i = 0; i < config->interfaces_n; i++) {
		if (tg_interface_is_glob(config->interfaces[i].name))
			return 0;
		if (length < sizeof(names))
			length += snprintf(names + length, sizeof(names) - length, "%s%s",
					   i ? ", " : "", config->interfaces[i].name);
	}
	return tg_error_set(
		errmsg, ENODEV,
		config->interfaces_n == 1
			? "there is no interface %s; `ip link` shows those that there are"
			: "there is none of the interfaces %s; `ip link` shows those that "
			  "there are",
		names);
}

static void free_listing(struct listing *listing)
{
	free(listing->items);
}

int tg_targets_find(const struct tg_config *config, struct tg_target **targets, size_t *n,
		    char *errmsg)
{
	tg_cleanup(free_listing) struct listing listing = {.config = config};
	int error = list_links(&listing);

	if (error)
		return tg_error_set(errmsg, error, "the interfaces cannot be listed: %s",
				    strerror(-error));
	if (listing.n)
		qsort(listing.items, listing.n, sizeof(*listing.items), by_ifindex);
	clear_overlaps_outside(listing.items, listing.n);
	*targets = TAKE_PTR(listing.items);
	*n = listing.n;
	return 0;
}

void tg_targets_warn(const struct tg_target *targets, size_t n)
{
	size_t i, j;

	for (i = 0; i < n; i++) {
		for (j = 0; j < n && targets[i].overlaps; j++)
			if (targets[j].ifindex == targets[i].overlaps)
				tg_log(TG_LOG_WARNING,
				       "packets of %s are received by %s as well, and are charged "
				       "twice; name one of the two in the configuration",
				       targets[i].name, targets[j].name);
	}
}
