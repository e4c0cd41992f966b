/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of most packets at XDP: IPv4 without options, UDP or TCP, and at most one limit, which
 * drops what exceeds. The parts are those of the long way, but the packet stays in registers
 * and no step is a function of its own. Whatever is not plain goes the long way from its start:
 * by then nothing has been charged or counted.
 */
#ifndef TG_PLAIN_BPF_H
#define TG_PLAIN_BPF_H

#include "verdict.bpf.h"

#define TG_NOT_PLAIN (-2) /* neither a reason, nor TG_PARSED, nor what XDP returns */

#define TG_IPV4_PLAIN 0x45 /* version 4, no options */

/* As tg_parse() would have it, but for the offsets, which only answers and marks need. */
static __always_inline bool tg_parse_plain(struct xdp_md *ctx, struct tg_packet *packet)
{
	void *end = (void *)(long)ctx->data_end;
	struct ethhdr *ethernet = (void *)(long)ctx->data;
	struct iphdr *ip = (void *)(ethernet + 1);
	struct udphdr *udp = (void *)(ip + 1);
	struct tcphdr *tcp = (void *)(ip + 1);
	__u32 length, left;

	if ((void *)(udp + 1) > end || ethernet->h_proto != bpf_htons(ETH_P_IP) ||
	    *(__u8 *)ip != TG_IPV4_PLAIN ||
	    (ip->frag_off & bpf_htons(TG_IPV4_MORE | TG_IPV4_OFFSET_MASK)))
		return false;
	/* A call for the length of all buffers costs as much as the rest of parsing. */
	packet->bytes = ctx->data_end - ctx->data;
	length = bpf_ntohs(ip->tot_len);
	if (length < sizeof(*ip) + sizeof(*udp) || length + sizeof(*ethernet) > packet->bytes)
		return false;
	packet->bytes = tg_frame_length(packet->bytes);
	left = length - sizeof(*ip);
	packet->protocol = ip->protocol;
	if (packet->protocol == IPPROTO_UDP) {
		if (bpf_ntohs(udp->len) < sizeof(*udp) || bpf_ntohs(udp->len) > left)
			return false;
	} else if (packet->protocol == IPPROTO_TCP) {
		if ((void *)(tcp + 1) > end || tcp->doff < 5 || tcp->doff * 4 > left)
			return false;
		packet->tcp_flags = ((__u8 *)tcp)[13];
	} else {
		return false;
	}
	tg_map_ipv4(&packet->source, ip->saddr);
	tg_map_ipv4(&packet->destination, ip->daddr);
	packet->source_port = udp->source;
	packet->destination_port = udp->dest;
	packet->traffic_class = ip->tos;
	packet->length = length;
	packet->is_ipv4 = 1;
	packet->has_ports = 1;
	packet->segments = 1;
	packet->hook = TG_HOOK_XDP;
	return true;
}

/* Out of the way: loops, and only called if there is any list. */
__noinline int tg_plain_lists(__be32 source)
{
	struct tg_packet packet = {.is_ipv4 = 1};

	tg_map_ipv4(&packet.source, source);
	return tg_lists(&packet);
}

/* Likewise, if any limit has a condition on addresses. */
__noinline __u64 tg_plain_addresses(__be32 source, __be32 destination, __u64 limits)
{
	struct tg_packet packet = {.is_ipv4 = 1};

	tg_map_ipv4(&packet.source, source);
	tg_map_ipv4(&packet.destination, destination);
	return tg_match_addresses(&packet, limits);
}

static __always_inline int tg_judge_lists(__be32 source)
{
	struct tg_entries_state *state;
	__u32 zero = 0;

	state = bpf_map_lookup_elem(&entries_state, &zero);
	return policy.has_lists || (state && state->n) ? tg_plain_lists(source) : TG_PARSED;
}

/* Seldom called, so it parses again rather than have all packets in memory. */
__noinline int tg_plain_event(struct xdp_md *ctx, __u32 slot, __u32 verdict)
{
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &slot);
	struct tg_packet packet = {};

	return counters && tg_parse_plain(ctx, &packet) &&
	       tg_send_event(counters, &packet, slot, verdict);
}

/* @now: ns, on the clock of the limit's rate. */
static __always_inline void tg_count_plain(struct xdp_md *ctx, const struct tg_packet *packet,
					   __u32 slot, enum tg_verdict verdict, __u64 now)
{
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &slot);

	if (virtual_clock)
		trace.limits[verdict] |= 1ULL << (slot & (TG_LIMITS_MAX - 1));
	if (!counters)
		return;
	counters->packets[verdict]++;
	counters->bytes[verdict] += packet->bytes;
	if (verdict == TG_VERDICT_ADMITTED)
		return;
	if (policy.limits[slot & (TG_LIMITS_MAX - 1)].rate.clock != TG_CLOCK_COARSE)
		now = tg_now(TG_CLOCK_COARSE);
	if (tg_sample_is_due(counters, now))
		tg_plain_event(ctx, slot, verdict);
	else
		counters->unsampled++;
}

/* What is not as most packets are: out of the way, and with memory of its own for what needs one.
 */
__noinline int tg_plain_tries(__u64 low, __u64 rest, __u64 cost, __u32 slot)
{
	const volatile struct tg_limit *limit = tg_limit_at(slot);
	struct tg_demand demand = {.slot = slot, .segments = 1, .cost = cost};
	struct tg_bucket_key key = {.address.low = low};

	__builtin_memcpy(&key.limit_id, &rest, sizeof(rest));
	demand.now = tg_now(limit->rate.clock);
	demand.hash = tg_hash_of(&key);
	return tg_charge_tries(&key, &demand);
}

static __always_inline int tg_judge_limit(struct xdp_md *ctx, struct tg_packet *packet, __u32 slot)
{
	const volatile struct tg_limit *limit = tg_limit_at(slot);
	struct tg_demand demand = {.slot = slot, .segments = 1};
	struct tg_bucket_key key = {};
	struct tg_bucket *bucket;
	int outcome = TG_CHARGE_AGAIN;

	/* Behind an IP packet that is whole there may be more to pay for. */
	if (limit->unit == TG_UNIT_BYTES)
		packet->bytes = tg_frame_length(bpf_xdp_get_buff_len(ctx));
	demand.cost = tg_cost(packet, limit);
	demand.now = tg_now(limit->rate.clock);
	tg_bucket_key_of(&key, limit, packet);
	demand.hash = tg_hash_of(&key);
	bucket = tg_first_bucket(&key, &demand);
	if (bucket)
		outcome = tg_charge_plainly(bucket, limit, &demand);
	if (outcome == TG_CHARGE_AGAIN)
		outcome = tg_plain_tries(key.address.low, tg_key_rest(&key), demand.cost, slot);
	if (outcome == TG_CHARGE_ADMITTED || outcome == TG_CHARGE_ADMITTED_OVERFLOW) {
		tg_count_plain(ctx, packet, slot, TG_VERDICT_ADMITTED, demand.now);
		return TG_REASON_ADMITTED;
	}
	if (limit->shadow) {
		tg_count_plain(ctx, packet, slot, TG_VERDICT_SHADOW_EXCEEDED, demand.now);
		return TG_REASON_ADMITTED;
	}
	tg_count_plain(ctx, packet, slot, TG_VERDICT_DROPPED, demand.now);
	return outcome == TG_CHARGE_CONTENDED ? TG_REASON_CONTENDED : TG_REASON_LIMIT;
}

/* The reason with which the packet leaves, or TG_NOT_PLAIN. */
static __always_inline int tg_judge_plain(struct xdp_md *ctx, struct tg_packet *packet)
{
	const __u64 all = policy.hooks[TG_HOOK_XDP];
	int reason = tg_judge_lists(bpf_htonl(bpf_be64_to_cpu(packet->source.low)));
	__u64 limits;

	if (reason != TG_PARSED)
		return reason;
	limits = tg_match_headers(packet);
	if (limits && (policy.has_sources || policy.has_destinations))
		limits = tg_plain_addresses(bpf_htonl(bpf_be64_to_cpu(packet->source.low)),
					    bpf_htonl(bpf_be64_to_cpu(packet->destination.low)),
					    limits);
	if (!limits)
		return TG_REASON_UNLIMITED;
	if ((limits & (limits - 1)) || !(limits & policy.plain))
		return TG_NOT_PLAIN;
	/* Of a policy with one limit, the verifier knows all settings. */
	return tg_judge_limit(ctx, packet, all & (all - 1) ? tg_lowest(limits) : policy.xdp_slot);
}

/* XDP_PASS, XDP_DROP or TG_NOT_PLAIN. */
__noinline int tg_xdp_plain(struct xdp_md *ctx)
{
	struct tg_packet packet = {};
	int reason;

	if (policy.hooks[TG_HOOK_XDP] && !(policy.hooks[TG_HOOK_XDP] & policy.plain))
		return TG_NOT_PLAIN;
	if (!tg_parse_plain(ctx, &packet))
		return TG_NOT_PLAIN;
	reason = tg_judge_plain(ctx, &packet);
	if (reason == TG_NOT_PLAIN)
		return TG_NOT_PLAIN;
	if (virtual_clock)
		tg_trace(&packet);
	return tg_leave(TG_HOOK_XDP, ctx->ingress_ifindex, 1, reason) ? XDP_PASS : XDP_DROP;
}

#endif
