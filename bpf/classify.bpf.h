/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct tg_packet -> the lists' verdict, the set of limits that match, and a bucket's key. */
#ifndef TG_CLASSIFY_BPF_H
#define TG_CLASSIFY_BPF_H

#include "maps.bpf.h"
#include "parse.bpf.h"

/* TG_PARSED if no list has the source. */
static __always_inline int tg_lists(const struct tg_packet *packet)
{
	struct tg_lpm_key key = {.prefix_length = 128, .address = packet->source};
	__u32 *list;

	if (!policy.has_lists)
		return TG_PARSED;
	list = bpf_map_lookup_elem(&lists, &key);
	if (!list || !*list)
		return TG_PARSED;
	return *list == TG_LIST_ALLOW ? TG_REASON_ALLOWED : TG_REASON_DENIED;
}

/* A bit for each limit slot that the packet is to be charged to. */
static __always_inline __u64 tg_classify(const struct tg_packet *packet)
{
	__u64 limits = policy.active;
	__u64 *ports;
	__u32 port;

	if (!packet->any_protocol)
		limits &= policy.protocols[packet->protocol];
	/* Without ports: of another protocol, or a later fragment, for which none can be ruled out.
	 */
	if (!policy.has_ports || !packet->has_ports)
		return limits;
	port = bpf_ntohs(packet->destination_port);
	ports = bpf_map_lookup_elem(&destination_ports, &port);
	return ports ? limits & *ports : limits;
}

static __always_inline void tg_bucket_key_of(struct tg_bucket_key *key, __u32 slot,
					     const struct tg_packet *packet)
{
	const volatile struct tg_limit *limit = &policy.limits[slot & (TG_LIMITS_MAX - 1)];
	const volatile struct tg_address *mask = packet->is_ipv4 ? &limit->mask4 : &limit->mask6;
	const struct tg_address *address =
		limit->per == TG_PER_DESTINATION ? &packet->destination : &packet->source;

	key->address.high = address->high & mask->high;
	key->address.low = address->low & mask->low;
	key->limit_id = limit->id;
	key->port = 0;
	key->protocol = 0;
	key->kind = TG_KEY_ADDRESS;
}

#endif
