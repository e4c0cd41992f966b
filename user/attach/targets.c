// SPDX-License-Identifier: GPL-2.0-or-later
/* A dump of all links from the kernel, filtered by the configuration. */
#include "attach/targets.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/interfaces.h"
#include "base/log.h"
#include "base/errmsg.h"
#include "base/fault.h"
#include "attach/rtnl.h"

/* A device that the kernel counts as standing upon another. */
struct stacked {
	unsigned int upper, lower; /* ifindex */
};

struct listing {
	const struct tg_config *config;
	struct tg_target *items;
	size_t n, room;
	struct stacked *stacked; /* of all interfaces, also of those that are not meant */
	size_t stacked_n, stacked_room;
};

/* What a message says of the interfaces above and below. */
struct relatives {
	unsigned int master; /* the bridge, bond ... of which it is a port */
	unsigned int link;   /* for some kinds the device below */
	bool elsewhere;	     /* that is in another network namespace */
	const char *kind;    /* "" unknown */
	const char *above;   /* the kind of the master; "" unknown */
};

static void read_kinds(const struct nlattr *linkinfo, struct relatives *relatives)
{
	struct nlattr *attribute;

	mnl_attr_for_each_nested(attribute, linkinfo)
	{
		if (mnl_attr_get_type(attribute) == IFLA_INFO_KIND)
			relatives->kind = mnl_attr_get_str(attribute);
		if (mnl_attr_get_type(attribute) == IFLA_INFO_SLAVE_KIND)
			relatives->above = mnl_attr_get_str(attribute);
	}
}

/* Returns the device that the kernel counts as the one below; a veth's link is its other end. */
static unsigned int lower_of(const struct relatives *relatives)
{
	static const char *const kinds[] = {"vlan",   "macvlan", "macvtap", "ipvlan",
					    "ipvtap", "macsec",	 "ipoib"};
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && !relatives->elsewhere; i++)
		if (strcmp(relatives->kind, kinds[i]) == 0)
			return relatives->link;
	return 0;
}

static int add_stacked(struct listing *listing, unsigned int upper, unsigned int lower)
{
	struct stacked *grown;

	if (!lower)
		return 0;
	if (listing->stacked_n == listing->stacked_room) {
		listing->stacked_room = listing->stacked_room ? listing->stacked_room * 2 : 16;
		grown = reallocarray(listing->stacked, listing->stacked_room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		listing->stacked = grown;
	}
	listing->stacked[listing->stacked_n++] = (struct stacked){upper, lower};
	return 0;
}

static int add_interface(struct listing *listing, const struct nlmsghdr *message, const char *name,
			 const struct relatives *relatives)
{
	bool vlan = strcmp(relatives->kind, "vlan") == 0;
	const struct tg_config_interface *interface = tg_interfaces_match(listing->config, name);
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(message);
	struct tg_target *grown, *added;

	if (!interface)
		return 0;
	if (listing->n == listing->room) {
		listing->room = listing->room ? listing->room * 2 : 16;
		grown = reallocarray(listing->items, listing->room, sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		listing->items = grown;
	}
	added = &listing->items[listing->n++];
	*added = (struct tg_target){
		.ifindex = link->ifi_index,
		.overlaps = vlan ? relatives->link : relatives->master,
		.upper = relatives->master,
		.xdp_mode = interface->xdp_mode,
		.hooks = interface->hooks,
		.manage_qdisc = interface->manage_qdisc,
		.entry = interface - listing->config->interfaces,
		.named = !tg_interface_is_glob(interface->name),
	};
	snprintf(added->name, sizeof(added->name), "%s", name);
	snprintf(added->upper_kind, sizeof(added->upper_kind), "%s", relatives->above);
	tg_header_of(message, &added->header, added->unfit);
	return 0;
}

/* One RTM_NEWLINK of a dump, rtnetlink(7). */
static int on_link(const struct nlmsghdr *header, void *data)
{
	const struct ifinfomsg *link = mnl_nlmsg_get_payload(header);
	struct relatives relatives = {.kind = "", .above = ""};
	struct nlattr *attribute;
	const char *name = NULL;

	mnl_attr_for_each(attribute, header, sizeof(*link))
	{
		switch (mnl_attr_get_type(attribute)) {
		case IFLA_IFNAME:
			name = mnl_attr_get_str(attribute);
			break;
		case IFLA_MASTER:
			relatives.master = mnl_attr_get_u32(attribute);
			break;
		case IFLA_LINK:
			relatives.link = mnl_attr_get_u32(attribute);
			break;
		case IFLA_LINK_NETNSID:
			relatives.elsewhere = true;
			break;
		case IFLA_LINKINFO:
			read_kinds(attribute, &relatives);
			break;
		}
	}
	if (name && (add_stacked(data, link->ifi_index, lower_of(&relatives)) ||
		     add_interface(data, header, name, &relatives))) {
		errno = ENOMEM;
		return MNL_CB_ERROR;
	}
	return MNL_CB_OK;
}

static void forget_links(void *data)
{
	struct listing *listing = data;

	listing->n = listing->stacked_n = 0;
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

/* So many interfaces stand one upon the other at most: MAX_NEST_DEV of the kernel. */
#define DEPTH_MAX 8

/* Raises the depth of what is above a target to one more than its own. Returns whether it did. */
static bool raise_depth(const struct listing *listing, unsigned int above,
			const struct tg_target *below)
{
	struct tg_target *upper = above ? tg_targets_of(listing->items, listing->n, above) : NULL;

	if (!upper || !below || upper->depth > below->depth || below->depth == DEPTH_MAX)
		return false;
	upper->depth = below->depth + 1;
	return true;
}

/* Finds what is above each target, and how many are below. */
static void find_depths(struct listing *listing)
{
	struct tg_target *lower;
	bool changed = true;
	size_t i;

	while (changed) {
		changed = false;
		for (i = 0; i < listing->n; i++)
			changed |=
				raise_depth(listing, listing->items[i].upper, &listing->items[i]);
		for (i = 0; i < listing->stacked_n; i++) {
			lower = tg_targets_of(listing->items, listing->n,
					      listing->stacked[i].lower);
			changed |= raise_depth(listing, listing->stacked[i].upper, lower);
			if (lower && !lower->upper)
				lower->upper = listing->stacked[i].upper;
		}
	}
}

bool tg_targets_explain_upper(const struct tg_target *target, char *errmsg)
{
	char name[IF_NAMESIZE];

	if (!target->upper || !if_indextoname(target->upper, name))
		return false;
	tg_error_set(
		errmsg, EEXIST,
		"%s cannot get an XDP program while %s, the %s above it, has one: the kernel "
		"attaches only from below to above. Name one of the two, or write hooks: "
		"[tc-ingress] for one; to have both at xdp, take %s out of the configuration, and "
		"add it again when %s has its program",
		target->name, name, target->upper_kind[0] ? target->upper_kind : "device", name,
		target->name);
	return true;
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
	free(listing->stacked);
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
	find_depths(&listing);
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
