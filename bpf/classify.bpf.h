/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Classifies struct tg_packet: what the lists say, which limits match, and the key of a bucket. */
#ifndef TG_CLASSIFY_BPF_H
#define TG_CLASSIFY_BPF_H

#include <tidegate/bucket_key.h>
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

/*
 * Finds the longest dynamic entry that has not expired. Behind an expired one it looks again with
 * a shorter prefix.
 */
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

/* Returns TG_PARSED if no list has the source, else the reason. */
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

/*
 * Matches the fields of the transport header, but for the destination port. A later fragment has
 * no such header and rules no limit out here; fragments[] does that.
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

/* Matches the fields that few policies use. */
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

/* Keeps those of @limits that the addresses match. */
static __always_inline __u64 tg_match_addresses(const struct tg_packet *packet, __u64 limits)
{
	if (policy.has_sources && limits)
		limits &= tg_match_address(&sources, &packet->source, policy.any_source);
	if (policy.has_destinations && limits)
		limits &= tg_match_address(&destinations, &packet->destination,
					   policy.any_destination);
	return limits;
}

/* Matches the fields that most policies use. Returns a bit for each limit slot. */
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

/* Matches all fields but the addresses. Returns a bit for each limit slot. */
static __always_inline __u64 tg_match_headers(const struct tg_packet *packet)
{
	const struct tg_policy *settings = tg_settings();
	__u64 limits = tg_match_often(settings, packet);

	if (settings->has_rare)
		limits &= tg_match_rarely(settings, packet);
	return limits;
}

/*
 * Matches what the first fragment says for all of its datagram: protocol, ports and ICMP type. TCP
 * flags are about the packet that carries them.
 */
static __always_inline __u64 tg_match_datagram(const struct tg_policy *settings,
					       const struct tg_packet *packet)
{
	__u64 limits = settings->protocols[packet->protocol];

	if (settings->has_destination_ports && packet->has_ports)
		limits &= tg_match_value(&destination_ports, bpf_ntohs(packet->destination_port));
	if (settings->has_source_ports && packet->has_ports)
		limits &= tg_match_value(&source_ports, bpf_ntohs(packet->source_port));
	if (settings->has_icmp_types &&
	    (packet->protocol == IPPROTO_ICMP || packet->protocol == IPPROTO_ICMPV6))
		limits &= settings->icmp_types[packet->icmp_type];
	return limits;
}

/* Returns the protocol that is known: what a later fragment of IPv6 claims is not. */
static __always_inline __u8 tg_known_protocol(const struct tg_packet *packet)
{
	return packet->any_protocol ? IPPROTO_FRAGMENT : packet->protocol;
}

/* Returns the limits for a packet that is not IP. */
static __always_inline __u64 tg_match_not_ip(const struct tg_packet *packet)
{
	const struct tg_policy *settings = tg_settings();

	return packet->hook < TG_HOOKS ? settings->hooks[packet->hook] & settings->not_ip : 0;
}

/* Makes the key of the bucket in @limit that @packet charges. */
static __always_inline void tg_packet_key(struct tg_bucket_key *key, const struct tg_limit *limit,
					  const struct tg_packet *packet)
{
	tg_make_key(key, limit,
		    limit->per == TG_PER_DESTINATION ? &packet->destination : &packet->source,
		    packet->is_ipv4, limit->per_port ? packet->destination_port : 0,
		    limit->per_protocol ? tg_known_protocol(packet) : 0, TG_KEY_ADDRESS);
}

#endif
