/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fast path serves most packets at XDP: at most one VLAN tag, IPv4 without options or IPv6
 * without extension headers, UDP or TCP, no fragment, no longer than Ethernet's MTU, and at most
 * one limit, which drops what exceeds. It calls the same stages as the slow path, but the packet
 * stays in registers and no stage is a call; each IP version has its own copy. Any other packet
 * starts again on the slow path, which is safe because nothing has been charged or counted by then.
 */
#ifndef TG_FAST_PATH_BPF_H
#define TG_FAST_PATH_BPF_H

#include <tidegate/segments.h>
#include "verdict.bpf.h"

#define TG_SLOW_PATH (-2) /* no reason, not TG_PARSED, and no code of XDP */

/* EtherType and the next two bytes: IPv4, and a header without options. */
#define TG_IPV4_FAST	  0x08004500
#define TG_IPV4_FAST_MASK 0xffffff00

/* True for UDP and TCP with sound lengths. @left: bytes of the IP packet from this header on. */
static __always_inline bool tg_fast_transport(struct xdp_md *ctx, const void *header, __u8 protocol,
					      __u32 left)
{
	const struct udphdr *udp = header;
	const struct tcphdr *tcp = header;

	if (protocol == IPPROTO_UDP)
		return bpf_ntohs(udp->len) >= sizeof(*udp) && bpf_ntohs(udp->len) <= left;
	return protocol == IPPROTO_TCP && (void *)(tcp + 1) <= (void *)(long)ctx->data_end &&
	       tcp->doff >= 5 && tcp->doff * 4 <= left;
}

/* Returns the IP header, behind at most one VLAN tag, or NULL. */
static __always_inline void *tg_fast_network(struct xdp_md *ctx)
{
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	void *network = ethernet + 1;

	if (network > (void *)(long)ctx->data_end)
		return NULL;
	if (ethernet->h_proto == bpf_htons(ETH_P_8021Q))
		network += sizeof(struct tg_vlan_header);
	return network;
}

/*
 * Returns the bytes in the frame's first buffer. A call for the whole length costs as much as the
 * rest of parsing.
 */
static __always_inline __u64 tg_fast_left(struct xdp_md *ctx, const void *network)
{
	return (__u64)ctx->data_end - (__u64)network;
}

/* Returns the header if the packet can take the fast path and its lengths are sound, else NULL. */
static __always_inline struct iphdr *tg_fast_ipv4(struct xdp_md *ctx, void *network)
{
	__be32 *kind = network - sizeof(__be16); /* EtherType, version, header length, TOS */
	struct iphdr *ip = network;
	struct udphdr *udp = (void *)(ip + 1);
	__u32 length;

	if ((void *)(udp + 1) > (void *)(long)ctx->data_end ||
	    (*kind & bpf_htonl(TG_IPV4_FAST_MASK)) != bpf_htonl(TG_IPV4_FAST) ||
	    (ip->frag_off & bpf_htons(TG_IPV4_MORE | TG_IPV4_OFFSET_MASK)))
		return NULL;
	length = bpf_ntohs(ip->tot_len);
	if (length < sizeof(*ip) + sizeof(*udp) || length > tg_fast_left(ctx, network) ||
	    length > TG_ETHERNET_MTU)
		return NULL;
	return tg_fast_transport(ctx, udp, ip->protocol, length - sizeof(*ip)) ? ip : NULL;
}

static __always_inline struct ipv6hdr *tg_fast_ipv6(struct xdp_md *ctx, void *network)
{
	__be16 *type = network - sizeof(__be16);
	struct ipv6hdr *ip = network;
	struct udphdr *udp = (void *)(ip + 1);
	__u32 left;

	if ((void *)(udp + 1) > (void *)(long)ctx->data_end || *type != bpf_htons(ETH_P_IPV6) ||
	    ip->version != 6 || tg_is_mapped(&ip->saddr) || tg_is_mapped(&ip->daddr))
		return NULL;
	left = bpf_ntohs(ip->payload_len);
	if (left < sizeof(*udp) || left + sizeof(*ip) > tg_fast_left(ctx, network) ||
	    left > TG_ETHERNET_MTU - sizeof(*ip))
		return NULL;
	return tg_fast_transport(ctx, udp, ip->nexthdr, left) ? ip : NULL;
}

static __always_inline __u32 tg_fast_bytes(struct xdp_md *ctx)
{
	return tg_frame_length(ctx->data_end - ctx->data);
}

static __always_inline void tg_fast_packet4(const struct iphdr *ip, struct tg_packet *packet)
{
	packet->protocol = ip->protocol;
	tg_map_ipv4(&packet->source, ip->saddr);
	tg_map_ipv4(&packet->destination, ip->daddr);
	packet->length = bpf_ntohs(ip->tot_len);
}

static __always_inline void tg_fast_packet6(const struct ipv6hdr *ip, struct tg_packet *packet)
{
	packet->protocol = ip->nexthdr;
	__builtin_memcpy(&packet->source, &ip->saddr, sizeof(packet->source));
	__builtin_memcpy(&packet->destination, &ip->daddr, sizeof(packet->destination));
	packet->length = tg_ipv6_length(bpf_ntohs(ip->payload_len));
}

/*
 * Fills @packet as tg_parse() would, but for the traffic class and the offsets, which only answers
 * and marks need. The compiler drops what the caller does not use. @is_ipv4: the version of
 * @header.
 */
static __always_inline void tg_fast_packet(struct xdp_md *ctx, const void *header, bool is_ipv4,
					   struct tg_packet *packet)
{
	const struct iphdr *ip4 = header;
	const struct ipv6hdr *ip6 = header;
	const struct udphdr *udp = is_ipv4 ? (const void *)(ip4 + 1) : (const void *)(ip6 + 1);
	const struct tcphdr *tcp = (const void *)udp;

	packet->bytes = tg_fast_bytes(ctx);
	packet->is_ipv4 = is_ipv4;
	packet->has_ports = 1;
	packet->segments = 1;
	packet->hook = TG_HOOK_XDP;
	packet->source_port = udp->source;
	packet->destination_port = udp->dest;
	if (is_ipv4)
		tg_fast_packet4(ip4, packet);
	else
		tg_fast_packet6(ip6, packet);
	if (packet->protocol == IPPROTO_TCP && (void *)(tcp + 1) <= (void *)(long)ctx->data_end)
		packet->tcp_flags = ((const __u8 *)tcp)[13];
}

/*
 * Looks the source up in the lists. A global function, since it loops and is called only if there
 * is an entry.
 */
__noinline int tg_fast_find_lists(__u64 high, __u64 low, bool is_ipv4)
{
	struct tg_packet packet = {.source = {high, low}, .is_ipv4 = is_ipv4};

	return tg_lists(&packet);
}

/*
 * Matches source and destination address. A global function, called only if a limit has a
 * condition on addresses.
 */
__noinline __u64 tg_fast_addresses(__u64 high, __u64 low, __u64 destination_high,
				   __u64 destination_low, __u64 limits)
{
	struct tg_packet packet = {.source = {high, low},
				   .destination = {destination_high, destination_low}};

	return tg_match_addresses(&packet, limits);
}

static __always_inline int tg_fast_lists(struct xdp_md *ctx, const void *ip, bool is_ipv4)
{
	struct tg_packet packet = {};
	struct tg_entries_state *state;
	__u32 zero = 0;

	state = bpf_map_lookup_elem(&entries_state, &zero);
	if (!tg_settings()->has_lists && (!state || !state->n))
		return TG_PARSED;
	tg_fast_packet(ctx, ip, is_ipv4, &packet);
	return tg_fast_find_lists(packet.source.high, packet.source.low, is_ipv4);
}

/* Sends an event. Parses again, because it is seldom called and no packet is kept in memory. */
__noinline int tg_fast_event(struct xdp_md *ctx, __u32 slot, __u32 verdict)
{
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &slot);
	struct tg_packet packet = {};
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	void *network;

	if (!counters)
		return 0;
	network = tg_fast_network(ctx);
	if (!network)
		return 0;
	ip = tg_fast_ipv4(ctx, network);
	if (ip)
		tg_fast_packet(ctx, ip, true, &packet);
	ip6 = ip ? NULL : tg_fast_ipv6(ctx, network);
	if (ip6)
		tg_fast_packet(ctx, ip6, false, &packet);
	return tg_send_event(counters, &packet, slot, verdict);
}

/* Counts the packet. @now: ns on the clock of the limit's rate. */
static __always_inline void tg_fast_count(struct xdp_md *ctx, const struct tg_limit *limit,
					  __u32 slot, enum tg_verdict verdict, __u64 now)
{
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &slot);

	if (virtual_clock)
		trace.limits[verdict] |= 1ULL << (slot & (TG_LIMITS_MAX - 1));
	if (!counters)
		return;
	tg_count(&counters->packets[verdict], 1);
	tg_count(&counters->bytes[verdict], limit->unit == TG_UNIT_BYTES
						    ? tg_frame_length(bpf_xdp_get_buff_len(ctx))
						    : tg_fast_bytes(ctx));
	if (verdict == TG_VERDICT_ADMITTED)
		return;
	if (limit->rate.clock != TG_CLOCK_COARSE)
		now = tg_now(TG_CLOCK_COARSE);
	if (tg_event_is_due(counters, now))
		tg_fast_event(ctx, slot, verdict);
	else
		counters->without_event++;
}

/*
 * Charges what tg_charge_fast() could not. A global function, with memory of its own for key and
 * request. @what: the cost times TG_LIMITS_MAX, plus the slot.
 */
__noinline int tg_fast_retry(__u64 high, __u64 low, __u64 rest, __u64 hash, __u64 what)
{
	__u32 slot = what & (TG_LIMITS_MAX - 1);
	struct tg_charge_request request = {
		.slot = slot, .segments = 1, .cost = what / TG_LIMITS_MAX, .hash = hash};
	struct tg_bucket_key key = {.address = {high, low}};

	__builtin_memcpy(&key.limit_id, &rest, sizeof(rest));
	request.now = tg_now(tg_limit_at(slot)->rate.clock);
	return tg_charge_slow(&key, &request);
}

/* Charges the whole frame: padding behind the IP packet counts too. */
static __always_inline __u64 tg_fast_cost(struct xdp_md *ctx, const struct tg_limit *limit)
{
	return limit->unit == TG_UNIT_BYTES ? tg_frame_length(bpf_xdp_get_buff_len(ctx)) : 1;
}

static __always_inline int tg_fast_limit(struct xdp_md *ctx, const void *ip, bool is_ipv4,
					 __u32 slot)
{
	const struct tg_limit *limit = tg_limit_at(slot);
	struct tg_charge_request request = {.slot = slot, .segments = 1};
	int outcome = TG_CHARGE_AGAIN;
	struct tg_bucket_key key = {};
	struct tg_packet packet = {};
	struct tg_bucket *bucket;

	tg_fast_packet(ctx, ip, is_ipv4, &packet);
	tg_packet_key(&key, limit, &packet);
	request.hash = tg_hash_of(&key);
	bucket = tg_first_bucket(&key, &request);
	request.cost = tg_fast_cost(ctx, limit);
	request.now = tg_now(limit->rate.clock);
	if (bucket)
		outcome = tg_charge_fast(bucket, limit, &request);
	if (outcome == TG_CHARGE_AGAIN)
		outcome = tg_fast_retry(key.address.high, key.address.low, tg_key_rest(&key),
					request.hash, request.cost * TG_LIMITS_MAX | slot);
	if (outcome == TG_CHARGE_ADMITTED || outcome == TG_CHARGE_ADMITTED_OVERFLOW) {
		tg_fast_count(ctx, limit, slot, TG_VERDICT_ADMITTED, request.now);
		return TG_REASON_ADMITTED;
	}
	if (limit->shadow) {
		tg_fast_count(ctx, limit, slot, TG_VERDICT_SHADOW_EXCEEDED, request.now);
		return TG_REASON_ADMITTED;
	}
	tg_fast_count(ctx, limit, slot, TG_VERDICT_DROPPED, request.now);
	return outcome == TG_CHARGE_CONTENDED ? TG_REASON_CONTENDED : TG_REASON_LIMIT;
}

/* Fills the packet before each use, so that it is not kept in registers over a call. */
static __always_inline __u64 tg_fast_match(struct xdp_md *ctx, const void *ip, bool is_ipv4)
{
	const struct tg_policy *settings = tg_settings();
	struct tg_packet packet = {};
	__u64 limits;

	tg_fast_packet(ctx, ip, is_ipv4, &packet);
	limits = tg_match_often(settings, &packet);
	if (!settings->has_rare)
		return limits;
	tg_fast_packet(ctx, ip, is_ipv4, &packet);
	limits &= tg_match_rarely(settings, &packet);
	if (!limits || (!settings->has_sources && !settings->has_destinations))
		return limits;
	tg_fast_packet(ctx, ip, is_ipv4, &packet);
	return tg_fast_addresses(packet.source.high, packet.source.low, packet.destination.high,
				 packet.destination.low, limits);
}

/* Returns the reason with which the packet leaves, or TG_SLOW_PATH. */
static __always_inline int tg_fast_evaluate(struct xdp_md *ctx, const void *ip, bool is_ipv4)
{
	const struct tg_policy *settings = tg_settings();
	const __u64 all = settings->hooks[TG_HOOK_XDP];
	int reason = tg_fast_lists(ctx, ip, is_ipv4);
	__u64 limits;

	if (reason != TG_PARSED)
		return reason;
	limits = tg_fast_match(ctx, ip, is_ipv4);
	if (!limits)
		return TG_REASON_UNLIMITED;
	if ((limits & (limits - 1)) || !(limits & settings->fast))
		return TG_SLOW_PATH;
	/* With one limit the slot is a constant, so the verifier knows all settings. */
	return tg_fast_limit(ctx, ip, is_ipv4,
			     all & (all - 1) ? tg_lowest(limits) : settings->xdp_slot);
}

/* Returns XDP_PASS, XDP_DROP or TG_SLOW_PATH. */
static __always_inline int tg_fast_finish(struct xdp_md *ctx, const void *ip, bool is_ipv4)
{
	int reason = tg_fast_evaluate(ctx, ip, is_ipv4);
	struct tg_packet packet = {};

	if (reason == TG_SLOW_PATH)
		return TG_SLOW_PATH;
	if (virtual_clock) {
		tg_fast_packet(ctx, ip, is_ipv4, &packet);
		tg_write_trace(&packet);
	}
	return tg_record_verdict(TG_HOOK_XDP, ctx->ingress_ifindex, 1, reason) ? XDP_PASS
									       : XDP_DROP;
}

static __always_inline int tg_fast_path(struct xdp_md *ctx)
{
	const struct tg_policy *settings = tg_settings();
	struct ipv6hdr *ip6;
	struct iphdr *ip;
	void *network;

	if (settings->hooks[TG_HOOK_XDP] && !(settings->hooks[TG_HOOK_XDP] & settings->fast))
		return TG_SLOW_PATH;
	network = tg_fast_network(ctx);
	if (!network)
		return TG_SLOW_PATH;
	ip = tg_fast_ipv4(ctx, network);
	if (ip)
		return tg_fast_finish(ctx, ip, true);
	ip6 = tg_fast_ipv6(ctx, network);
	return ip6 ? tg_fast_finish(ctx, ip6, false) : TG_SLOW_PATH;
}

#endif
