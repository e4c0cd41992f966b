/* SPDX-License-Identifier: GPL-2.0-or-later */
/* struct tg_packet -> the lists' verdict, the set of limits that match, and a bucket's key. */
#ifndef TG_CLASSIFY_BPF_H
#define TG_CLASSIFY_BPF_H

#include <tidegate/lists.h>
#include "maps.bpf.h"
#include "parse.bpf.h"

static __always_inline bool tg_list_holds(const struct tg_packet *packet, __u32 prefix_length)
{
	return !packet->is_ipv4 || prefix_length >= TG_IPV4_PREFIX_LENGTH;
}

static __always_inline void tg_find_listed(const struct tg_packet *packet, struct tg_listed *found)
{
	struct tg_lpm_key key;
	struct tg_listed *listed;

	if (!policy.has_lists)
		return;
	key = (struct tg_lpm_key){.prefix_length = 128, .address = packet->source};
	listed = bpf_map_lookup_elem(&lists, &key);
	if (listed && tg_list_holds(packet, listed->prefix_length))
		*found = *listed;
}

/* A lookup with a shorter key finds what stands behind an entry that has expired. */
static __always_inline void tg_find_entry(const struct tg_packet *packet, struct tg_listed *found)
{
	struct tg_entries_state *state;
	struct tg_lpm_key key;
	struct tg_entry *entry;
	__u32 zero = 0, length;
	int i;

	state = bpf_map_lookup_elem(&entries_state, &zero);
	if (!state || !state->n)
		return;
	key = (struct tg_lpm_key){.prefix_length = 128, .address = packet->source};
	for (i = 0; i <= TG_EXPIRED_MAX; i++) {
		entry = bpf_map_lookup_elem(&entries, &key);
		if (!entry)
			return;
		length = entry->prefix_length;
		if (!tg_list_holds(packet, length))
			return;
		found->prefix_length = length;
		found->list =
			tg_entry_list(entry, tg_entry_ends(entry) ? tg_now(TG_CLOCK_COARSE) : 0);
		if (found->list != TG_LIST_NEITHER || !length)
			return;
		key.prefix_length = length - 1;
	}
}

/* TG_PARSED if no list has the source. */
static __always_inline int tg_lists(const struct tg_packet *packet)
{
	struct tg_listed listed = {}, entry = {};

	tg_find_listed(packet, &listed);
	tg_find_entry(packet, &entry);
	if (tg_listed_decides(&entry, &listed))
		listed = entry;
	if (listed.list == TG_LIST_NEITHER)
		return TG_PARSED;
	return listed.list == TG_LIST_ALLOW ? TG_REASON_ALLOWED : TG_REASON_DENIED;
}

static __always_inline __u64 tg_match_address(void *map, const struct tg_address *address,
					      __u64 otherwise)
{
	struct tg_lpm_key key = {.prefix_length = 128, .address = *address};
	__u64 *limits = bpf_map_lookup_elem(map, &key);

	return limits ? *limits : otherwise;
}

static __always_inline __u64 tg_match_value(void *map, __u32 value)
{
	__u64 *limits = bpf_map_lookup_elem(map, &value);

	return limits ? *limits : 0;
}

/* What the transport header decides, but for the destination port; of a later fragment, which has
 * none, nothing can be ruled out (but see fragments[]).
 */
static __always_inline __u64 tg_match_transport(const struct tg_policy *settings,
						const struct tg_packet *packet)
{
	__u64 limits = ~0ULL;

	if (settings->has_source_ports && packet->has_ports)
		limits &= tg_match_value(&source_ports, bpf_ntohs(packet->source_port));
	if (packet->fragment == TG_FRAGMENT_LATER)
		return limits;
	if (settings->has_tcp_flags && packet->protocol == IPPROTO_TCP)
		limits &= settings->tcp_flags[packet->tcp_flags];
	if (settings->has_icmp_types &&
	    (packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6))
		limits &= settings->icmp_types[packet->icmp_type];
	return limits;
}

/* By what few policies ask for. */
static __always_inline __u64 tg_match_rarely(const struct tg_policy *settings,
					     const struct tg_packet *packet)
{
	__u64 limits = tg_match_transport(settings, packet);

	if (settings->has_fragments && packet->fragment < TG_FRAGMENTS)
		limits &= settings->fragments[packet->fragment];
	if (settings->has_lengths)
		limits &= tg_match_value(&lengths, packet->length);
	return limits;
}

/* Of the limits that its headers leave, those that its addresses do. */
static __always_inline __u64 tg_match_addresses(const struct tg_packet *packet, __u64 limits)
{
	if (policy.has_sources && limits)
		limits &= tg_match_address(&sources, &packet->source, policy.any_source);
	if (policy.has_destinations && limits)
		limits &= tg_match_address(&destinations, &packet->destination,
					   policy.any_destination);
	return limits;
}

/* A bit for each limit slot that the packet is to be charged to, by what most policies ask for. */
static __always_inline __u64 tg_match_often(const struct tg_policy *settings,
					    const struct tg_packet *packet)
{
	__u64 limits = packet->hook < TG_HOOKS ? settings->hooks[packet->hook] : 0;

	if (!packet->any_protocol)
		limits &= settings->protocols[packet->protocol];
	if (settings->has_destination_ports && packet->has_ports)
		limits &= tg_match_value(&destination_ports, bpf_ntohs(packet->destination_port));
	return limits;
}

/* Likewise by all that its headers have, but for its addresses. */
static __always_inline __u64 tg_match_headers(const struct tg_packet *packet)
{
	const struct tg_policy *settings = tg_settings();
	__u64 limits = tg_match_often(settings, packet);

	if (settings->has_rare)
		limits &= tg_match_rarely(settings, packet);
	return limits;
}

static __always_inline void tg_bucket_key_of(struct tg_bucket_key *key,
					     const struct tg_limit *limit,
					     const struct tg_packet *packet)
{
	const struct tg_address *mask = packet->is_ipv4 ? &limit->mask4 : &limit->mask6;
	const struct tg_address *address =
		limit->per == TG_PER_DESTINATION ? &packet->destination : &packet->source;

	__u64 port = limit->per_port ? packet->destination_port : 0;
	__u64 protocol = limit->per_protocol ? packet->protocol : 0;
	__u64 rest = limit->id;

	/* In one store: the hash reads words, and a word of several narrow stores stalls it. */
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	rest |= port << 32 | protocol << 48 | (__u64)TG_KEY_ADDRESS << 56;
#else
	rest = rest << 32 | port << 16 | protocol << 8 | TG_KEY_ADDRESS;
#endif
	key->address.high = address->high & mask->high;
	key->address.low = address->low & mask->low;
	__builtin_memcpy(&key->limit_id, &rest, sizeof(rest));
}

#endif
