/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Discovery is what hosts on a link need to find each other and their groups: ARP, neighbour
 * discovery, MLD and IGMP. A host without it is cut off, so no limit and no list is asked about
 * it, up to a budget. What is beyond the budget is a packet like any other.
 */
#ifndef TG_DISCOVERY_BPF_H
#define TG_DISCOVERY_BPF_H

#include <tidegate/keyed_hash.h>
#include "token.bpf.h"
#include "parse.bpf.h"

#define TG_DISCOVERY_SOURCES 4096 /* budgets; sources that fall to the same one share it */
#define TG_DISCOVERY_TRIES   4	  /* of a compare-and-swap on a budget */

/* The budgets of an interface at one hook: states as gcra.h has them. */
struct tg_discovery {
	__u64 link;  /* what cannot leave the link */
	__u64 floor; /* what might */
};

/* Key: what `attachments` has. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_ATTACHMENTS_MAX);
	__type(key, __u32);
	__type(value, struct tg_discovery);
} discovery SEC(".maps");

/* States of the budgets of single sources. Key: a hash of interface and source. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_DISCOVERY_SOURCES);
	__type(key, __u32);
	__type(value, __u64);
} discovery_sources SEC(".maps");

static __always_inline bool tg_is_discovery(int reason)
{
	return reason == TG_REASON_ARP || reason == TG_REASON_NEIGHBOUR_DISCOVERY ||
	       reason == TG_REASON_MLD || reason == TG_REASON_IGMP;
}

/* True for fe80::/10. */
static __always_inline bool tg_is_link_local(const struct tg_address *address)
{
	return (address->high & bpf_cpu_to_be64(0xffc0ULL << 48)) ==
	       bpf_cpu_to_be64(0xfe80ULL << 48);
}

/* True for ff02::/16. */
static __always_inline bool tg_is_link_multicast(const struct tg_address *address)
{
	return (address->high & bpf_cpu_to_be64(0xffffULL << 48)) ==
	       bpf_cpu_to_be64(0xff02ULL << 48);
}

/*
 * True if no router forwards the packet: ARP has no address to go by, MLD and IGMP have no hops
 * left, and neighbour discovery stays for its addresses (RFC 4291 section 2.5.6). Between global
 * addresses it may be for this host, to see whether it is still there, or for one behind it.
 */
static __always_inline bool tg_stays_on_link(const struct tg_packet *packet, int reason)
{
	return reason != TG_REASON_NEIGHBOUR_DISCOVERY || tg_is_link_local(&packet->source) ||
	       tg_is_link_local(&packet->destination) || tg_is_link_multicast(&packet->destination);
}

/* Takes a token of the source's budget. A lost race is no token, and costs one at most. */
static __always_inline bool tg_discovery_of_source(const struct tg_packet *packet, __u32 attachment)
{
	struct tg_bucket_key key = {.address = packet->source, .port = attachment};
	__u32 index = tg_key_hash(policy.hash_key, &key) & (TG_DISCOVERY_SOURCES - 1);
	__u64 *state = bpf_map_lookup_elem(&discovery_sources, &index);

	return state &&
	       tg_take_token(state, &tg_settings()->discovery_of_source, TG_DISCOVERY_TRIES);
}

/*
 * Takes a message of discovery from the budgets. @reason: what the parser has found. Returns it if
 * a budget has a token, else TG_PARSED: the packet goes to lists and limits; or TG_REASON_NOT_IP
 * for ARP. The source pays first, so that one that sends too much leaves the budget of all alone.
 */
__noinline int tg_discover(struct tg_packet *packet, __u32 ifindex, int reason)
{
	__u32 index, *attachment;
	struct tg_discovery *budgets;
	bool taken;

	if (!packet)
		return TG_REASON_NOT_IP;
	index = packet->hook * TG_IFINDEX_SLOTS + (ifindex & (TG_IFINDEX_SLOTS - 1));
	attachment = bpf_map_lookup_elem(&attachments, &index);
	budgets = attachment ? bpf_map_lookup_elem(&discovery, attachment) : NULL;
	if (!budgets)
		return reason;
	if (tg_stays_on_link(packet, reason))
		taken = tg_discovery_of_source(packet, *attachment) &&
			tg_take_token(&budgets->link, &tg_settings()->discovery_of_interface,
				      TG_DISCOVERY_TRIES);
	else
		taken = tg_take_token(&budgets->floor, &tg_settings()->discovery_floor,
				      TG_DISCOVERY_TRIES);
	if (taken)
		return reason;
	return reason == TG_REASON_ARP ? TG_REASON_NOT_IP : TG_PARSED;
}

#endif
