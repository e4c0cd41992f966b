/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers a packet that a limit with on_exceed: reject has refused: with a TCP reset, a DNS answer
 * without data or an ICMP error. An answer is never longer than its packet and goes out at a
 * bounded rate, to each source and to all, so that nobody can use it to amplify or to reflect.
 * Answers themselves are never answered: no resets, no DNS answers, no errors.
 */
#ifndef TG_REJECT_BPF_H
#define TG_REJECT_BPF_H

#include <tidegate/keyed_hash.h>
#include "reject_build.bpf.h"
#include "token.bpf.h"
#include "verdict.bpf.h"

/* Takes a token for an answer if there is one. A lost race is no answer, and costs the
 * source one token at most. */
static __always_inline bool tg_answer_token(__u32 index,
					    const volatile struct tg_rate *volatile_rate)
{
	const struct tg_rate *rate = (const struct tg_rate *)volatile_rate;
	__u64 *state = bpf_map_lookup_elem(&answers, &index);

	/* Hides the settings, which are zeros to the compiler until loading. */
	asm volatile("" : "+r"(rate));
	return state && tg_take_token(state, rate, 1);
}

/* Bounds answers: all sources of a /24 of IPv4 or a /64 of IPv6 count as one. */
static __always_inline bool tg_answer_allowed(const struct tg_packet *packet)
{
	struct tg_bucket_key key = {.address = packet->source};

	if (packet->is_ipv4)
		key.address.low &= bpf_cpu_to_be64(~0xffULL);
	else
		key.address.low = 0;
	return tg_answer_token(tg_key_hash(policy.hash_key, &key) & (TG_ANSWER_SOURCES - 1),
			       &policy.answers_to_one) &&
	       tg_answer_token(TG_ANSWER_SOURCES, &policy.answers_to_all);
}

static __always_inline bool tg_answer_build(void *ctx, enum tg_hook hook,
					    const struct tg_packet *packet, int kind)
{
	__u32 bare = packet->is_ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr);
	struct tg_answer *answer = tg_answer_at(packet->answer);
	/* XDP does not say that a checksum is to be completed. */
	bool pending = (kind & TG_ANSWER_PENDING) && hook != TG_HOOK_XDP;

	/* Behind IP options it would be completed at another offset than the answer's. */
	if (!answer || (pending && tg_headers_length(packet) != bare))
		return false;
	switch (kind & ~TG_ANSWER_PENDING) {
	case TG_ANSWER_RESET:
		return tg_build_reset(ctx, hook, packet, answer, pending);
	case TG_ANSWER_DNS:
		return tg_build_dns(ctx, hook, packet, answer, pending);
	default:
		return tg_build_error(ctx, hook, packet, answer);
	}
}

/* Addresses the frame to where it came from. VLAN tags stay. */
static __always_inline bool tg_answer_turn(void *ctx, enum tg_hook hook)
{
	struct ethhdr from, to;

	if (tg_frame_load(ctx, hook, 0, &from, sizeof(from)))
		return false;
	to = from;
	__builtin_memcpy(to.h_dest, from.h_source, ETH_ALEN);
	__builtin_memcpy(to.h_source, from.h_dest, ETH_ALEN);
	return !tg_frame_store(ctx, hook, 0, &to, sizeof(to));
}

static __always_inline bool tg_answer_send(void *ctx, enum tg_hook hook,
					   const struct tg_packet *packet, __u32 length)
{
	const __u32 ip4 = sizeof(struct iphdr), ip6 = sizeof(struct ipv6hdr);
	__u32 header = packet->is_ipv4 ? ip4 : ip6;
	struct tg_answer *answer = tg_answer_at(packet->answer);

	if (!answer || tg_frame_cut(ctx, hook, packet->network + header + length) ||
	    (packet->header == TG_HEADER_ETHERNET && !tg_answer_turn(ctx, hook)))
		return false;
	if (packet->is_ipv4
		    ? tg_frame_store(ctx, hook, packet->network, answer->header + ip6 - ip4, ip4)
		    : tg_frame_store(ctx, hook, packet->network, answer->header, ip6))
		return false;
	return !tg_frame_store(ctx, hook, packet->network + header, answer->data,
			       tg_bounded(length));
}

/*
 * Defines each step, for each hook, as a global function. The verifier of Linux 6.1 would
 * otherwise walk the later steps once for each path through the earlier ones.
 */
#define TG_ANSWER_STEPS(at, context, hook)                                                         \
	__noinline int tg_##at##_kind(struct context *ctx, struct tg_packet *packet)               \
	{                                                                                          \
		return packet ? tg_choose_answer(ctx, hook, packet) : TG_ANSWER_NONE;              \
	}                                                                                          \
	__noinline int tg_##at##_check(struct context *ctx, struct tg_packet *packet)              \
	{                                                                                          \
		return packet ? tg_checksums_of(ctx, hook, packet) : TG_SUMS_WRONG;                \
	}                                                                                          \
	__noinline int tg_##at##_build(struct context *ctx, struct tg_packet *packet, int kind)    \
	{                                                                                          \
		return packet && tg_answer_build(ctx, hook, packet, kind);                         \
	}                                                                                          \
	__noinline int tg_##at##_send(struct context *ctx, struct tg_packet *packet, __u32 length) \
	{                                                                                          \
		return packet && tg_answer_send(ctx, hook, packet, length);                        \
	}

TG_ANSWER_STEPS(xdp, xdp_md, TG_HOOK_XDP)
TG_ANSWER_STEPS(tc, __sk_buff, TG_HOOK_TC_INGRESS)

#define TG_ANSWER_STEP(step, ...)                                                                  \
	(hook == TG_HOOK_XDP ? tg_xdp_##step(ctx, packet, ##__VA_ARGS__)                           \
			     : tg_tc_##step(ctx, packet, ##__VA_ARGS__))

/* Takes memory for the answer to @packet. NULL if all is in use. */
static __always_inline struct tg_answer_memory *tg_acquire_answer(struct tg_packet *packet)
{
	struct tg_answer_memory *memory;
	__u32 i, number;

#pragma unroll
	for (i = 0; i < TG_PACKETS_AT_ONCE; i++) {
		number = i;
		packet->answer = i;
		memory = bpf_map_lookup_elem(&answer_memory, &number);
		if (memory && !__sync_lock_test_and_set(&memory->in_use, 1))
			return memory;
	}
	return NULL;
}

static __always_inline bool tg_answer_with(void *ctx, enum tg_hook hook, struct tg_packet *packet,
					   int kind, __u32 length)
{
	int sums = TG_ANSWER_STEP(check);

	if (sums == TG_SUMS_PENDING)
		kind |= TG_ANSWER_PENDING;
	return sums != TG_SUMS_WRONG && TG_ANSWER_STEP(build, kind) && TG_ANSWER_STEP(send, length);
}

/*
 * Turns the frame into the answer, which the caller sends back to where it came from. On false the
 * frame must be dropped, because it may be changed already.
 */
static __always_inline bool tg_reject(void *ctx, enum tg_hook hook, struct tg_packet *packet)
{
	__u32 header = packet->is_ipv4 ? sizeof(struct iphdr) : sizeof(struct ipv6hdr), length;
	struct tg_answer_memory *memory;
	bool answered;
	int kind;

	if (!tg_may_answer(packet))
		return false;
	kind = TG_ANSWER_STEP(kind);
	length = tg_answer_length(packet, kind);
	/* TG_ANSWER_DATA is less than an error that quotes more than 456 bytes of options needs. */
	if (kind == TG_ANSWER_NONE || length > TG_ANSWER_DATA || header + length > packet->length ||
	    !tg_answer_allowed(packet))
		return false;
	memory = tg_acquire_answer(packet);
	if (!memory)
		return false;
	answered = tg_answer_with(ctx, hook, packet, kind, length);
	__sync_lock_test_and_set(&memory->in_use, 0);
	return answered;
}

/*
 * Counts a rejection when it is known whether it was answered or dropped in silence. Returns the
 * reason.
 */
static __always_inline __u32 tg_count_rejected(struct tg_packet *packet, bool answered)
{
	tg_count_limit(packet->refused_by, answered ? TG_VERDICT_REJECTED : TG_VERDICT_DROPPED,
		       packet);
	return answered ? TG_REASON_REJECTED : TG_REASON_LIMIT;
}

#endif
