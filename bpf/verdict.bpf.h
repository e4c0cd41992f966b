/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The joint decision of all limits, and the one exit, which counts every packet. */
#ifndef TG_VERDICT_BPF_H
#define TG_VERDICT_BPF_H

#include "charge.bpf.h"
#include "discovery.bpf.h"
#include "event.bpf.h"
#include "fragment.bpf.h"

static __always_inline void tg_count_limit(__u32 slot, enum tg_verdict verdict,
					   struct tg_packet *packet)
{
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &slot);

	if (virtual_clock)
		trace.limits[verdict] |= 1ULL << (slot & (TG_LIMITS_MAX - 1));
	if (!counters)
		return;
	tg_count(&counters->packets[verdict], packet->segments);
	tg_count(&counters->bytes[verdict], packet->bytes);
	if (verdict != TG_VERDICT_ADMITTED)
		tg_emit_event(counters, packet, slot, verdict);
}

/*
 * Finds the lowest bit by multiplication with a de Bruijn sequence (Leiserson, Prokop and Randall,
 * 1998). BPF has no instruction for it, and the compilers' own code is long, or crashes clang 16 to
 * 18. Since clang 17 they know this multiplication for what it is, so it is kept from them.
 */
static const __u8 tg_lowest_table[64] = {
	0,  1,	48, 2,	57, 49, 28, 3,	61, 58, 50, 42, 38, 29, 17, 4,	62, 55, 59, 36, 53, 51,
	43, 22, 45, 39, 33, 30, 24, 18, 12, 5,	63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
	44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,	13, 8,	7,  6,
};

static __always_inline __u32 tg_lowest(__u64 bits)
{
	__u64 product = (bits ^ (bits & (bits - 1))) * 0x03f79d71b4cb0a89ULL;

	asm volatile("" : "+r"(product));
	/* The compiler knows the table, so it would drop the masks of all that uses the result. */
	return tg_masked(tg_lowest_table[product >> 58], TG_LIMITS_MAX);
}

/*
 * Returns how many limits there are. The verifier unrolls loops, so a small policy is verified
 * fast.
 */
static __always_inline int tg_limits_n(void)
{
	return policy.limits_n;
}

/*
 * Gives their tokens back to the limits that admitted the packet (@admitted, and @overflowed where
 * an overflow bucket did), so that a refused packet costs nothing.
 */
static __always_inline void tg_refund_all(struct tg_packet *packet, __u64 admitted,
					  __u64 overflowed)
{
	__u32 slot;
	int i;

	for (i = 0; i < tg_limits_n() && admitted; i++) {
		slot = tg_lowest(admitted);
		tg_refund(packet, slot, overflowed >> slot & 1);
		admitted &= admitted - 1;
	}
}

/*
 * Counts a packet that goes on, for every limit that was charged or let it pass. Only here: a
 * packet that another limit refuses is not counted for a shadow limit, in whatever order the
 * limits come.
 */
static __always_inline void tg_count_passed(struct tg_packet *packet, __u64 limits)
{
	enum tg_verdict verdict;
	__u32 slot;
	int i;

	for (i = 0; i < tg_limits_n() && limits; i++) {
		slot = tg_lowest(limits);
		verdict = packet->marks >> slot & 1	 ? TG_VERDICT_MARKED
			  : packet->delayed >> slot & 1	 ? TG_VERDICT_DELAYED
			  : packet->shadowed >> slot & 1 ? TG_VERDICT_SHADOW_EXCEEDED
							 : TG_VERDICT_ADMITTED;
		tg_count_limit(slot, verdict, packet);
		limits &= limits - 1;
	}
}

/*
 * True if a limit that the packet exceeds lets it go on, as a shadow limit or with a mark. Nothing
 * is counted yet, because another limit may still refuse it.
 */
static __always_inline bool tg_tolerates(struct tg_packet *packet, __u32 slot)
{
	const volatile struct tg_limit *limit = tg_limit_of(slot);

	if (limit->shadow) {
		packet->shadowed |= 1ULL << slot;
		return true;
	}
	if (limit->action != TG_ACTION_MARK)
		return false;
	if ((limit->marks & TG_MARK_DROP_NOT_ECN) && !(packet->traffic_class & TG_ECN_MASK))
		return false;
	packet->marks |= 1ULL << slot;
	return true;
}

/*
 * Refuses the packet for the limit in @slot. A rejection is counted later, by tg_count_rejected().
 */
static __always_inline int tg_refuse(struct tg_packet *packet, __u32 slot, bool contended)
{
	if (tg_limit_of(slot)->action == TG_ACTION_REJECT && !contended) {
		packet->rejected = true;
		packet->refused_by = slot;
		return TG_REASON_REJECTED;
	}
	tg_count_limit(slot, TG_VERDICT_DROPPED, packet);
	return contended ? TG_REASON_CONTENDED : TG_REASON_LIMIT;
}

/* What a packet was charged to, and what is still to do. */
struct tg_charges {
	__u64 left;	  /* a bit for each place in the configuration: not charged yet */
	__u64 charged;	  /* a bit for each slot, as in the next one */
	__u64 overflowed; /* those of `charged` that charged an overflow bucket */
};

static __always_inline bool tg_is_single(__u64 bits)
{
	return !(bits & (bits - 1));
}

/*
 * Moves the bits of limits from their slots to their places in the configuration, because a slot
 * depends on former configurations. Without a branch, which would double the verifier's paths at
 * each limit.
 */
static __always_inline __u64 tg_in_order(__u64 limits)
{
	__u64 places = 0;
	int i;

	for (i = 0; i < tg_limits_n(); i++)
		places |= (limits >> (policy.order[i] & (TG_LIMITS_MAX - 1)) & 1) << i;
	return places;
}

/*
 * Charges the limits that are left, as they stand in the configuration. Those that have no bucket
 * for the packet stay left if @new_source does not allow to make one. Returns TG_PARSED, or the
 * reason if a limit refuses the packet, which then is charged to none.
 */
static __always_inline int tg_charge_left(struct tg_packet *packet, struct tg_charges *charges,
					  __u32 new_source)
{
	__u64 left = charges->left;
	__u32 place, slot;
	int i, outcome;

	charges->left = 0;
	for (i = 0; i < tg_limits_n() && left; i++) {
		place = tg_lowest(left);
		left &= left - 1;
		slot = tg_masked(policy.order[place], TG_LIMITS_MAX);
		outcome = tg_charge(packet, slot, new_source);
		if (outcome == TG_CHARGE_NO_BUCKET) {
			charges->left |= 1ULL << place;
		} else if (outcome == TG_CHARGE_ADMITTED ||
			   outcome == TG_CHARGE_ADMITTED_OVERFLOW) {
			charges->charged |= 1ULL << slot;
			if (outcome == TG_CHARGE_ADMITTED_OVERFLOW)
				charges->overflowed |= 1ULL << slot;
		} else if (!tg_tolerates(packet, slot)) {
			tg_refund_all(packet, charges->charged, charges->overflowed);
			return tg_refuse(packet, slot, outcome == TG_CHARGE_CONTENDED);
		}
	}
	return TG_PARSED;
}

/*
 * Returns what the pass allows to do for a source without a bucket. The last limit that is left
 * may do all at once. A global function, so that the verifier does not walk a pass for each result.
 */
__noinline __u32 tg_pass_allows(__u64 left, __u32 pass)
{
	if (tg_is_single(left))
		return TG_NEW_INSERT;
	return pass == 0 ? TG_NEW_NOTHING : pass == 1 ? TG_NEW_OVERFLOW : TG_NEW_INSERT;
}

/*
 * Charges the packet to all of @limits, or to none. Returns the reason. First to the buckets that
 * are there, then to the overflow buckets of sources that may have none of their own. New buckets
 * are inserted last, when nothing else refuses the packet: what is refused takes no room in the
 * table and no token of new_sources.
 */
static __always_inline int tg_charge_all(struct tg_packet *packet, __u64 limits)
{
	struct tg_charges charges = {.left = tg_in_order(limits)};
	int pass, reason;

	for (pass = 0; pass < 3 && charges.left; pass++) {
		reason = tg_charge_left(packet, &charges, tg_pass_allows(charges.left, pass));
		if (reason != TG_PARSED)
			return reason;
	}
	tg_count_passed(packet, charges.charged | packet->marks | packet->shadowed);
	return TG_REASON_ADMITTED;
}

static __always_inline void tg_write_trace(const struct tg_packet *packet)
{
	trace.source = packet->source;
	trace.destination = packet->destination;
	trace.bytes = packet->bytes;
	trace.segments = packet->segments;
	trace.source_port = packet->source_port;
	trace.destination_port = packet->destination_port;
	trace.protocol = tg_known_protocol(packet);
	trace.has_ports = packet->has_ports;
	trace.tcp_flags = packet->tcp_flags;
	trace.fragment = packet->fragment;
	trace.any_protocol = packet->any_protocol;
	trace.evaluated = 1;
}

/* Writes the trace. A global function, so that it adds nothing to the deepest stack. */
__noinline int tg_trace_packet(struct tg_packet *packet)
{
	if (packet)
		tg_write_trace(packet);
	return 0;
}

/* Counts the packet under its reason. True if it goes on. */
static __always_inline bool tg_record_verdict(enum tg_hook hook, __u32 ifindex, __u32 segments,
					      __u32 reason)
{
#define TG_REASON_PASSES(symbol, name, passes) | (__u64)(passes) << TG_REASON_##symbol
	const __u64 passing = 0 TG_REASONS(TG_REASON_PASSES);
#undef TG_REASON_PASSES
	__u32 index = hook * TG_IFINDEX_SLOTS + (ifindex & (TG_IFINDEX_SLOTS - 1));
	__u32 *attachment = bpf_map_lookup_elem(&attachments, &index);
	struct tg_interface_counters *counters;
	__u64 number = reason;

	/*
	 * A copy of 64 bits keeps the bound that is checked below; Linux 6.1 loses it in 32 bits.
	 */
	asm volatile("" : "+r"(number));
	if (virtual_clock)
		trace.reason = number;
	if (attachment && number < TG_REASON_COUNT) {
		counters = bpf_map_lookup_elem(&interface_counters, attachment);
		if (counters)
			tg_count(&counters->packets[number], segments);
	}
	return passing >> number & 1;
}

/* Looks the source up in the lists. A global function, to keep its keys off the deepest stack. */
__noinline int tg_find_lists(struct tg_packet *packet)
{
	return packet ? tg_lists(packet) : TG_REASON_LIMIT;
}

/* Returns the limits that the packet meets. A global function for the same reason. */
__noinline __u64 tg_find_limits(struct tg_packet *packet)
{
	return packet ? tg_match_addresses(packet, tg_match_headers(packet)) : 0;
}

/*
 * Evaluates a packet: lists, classify, charge. Returns the reason. A global function, so that the
 * verifier walks it once and not for each path through the parser: 150,000 steps instead of
 * 630,000.
 */
__noinline int tg_evaluate(struct tg_packet *packet)
{
	__u64 limits;
	int reason;

	if (!packet)
		return TG_REASON_LIMIT;
	if (virtual_clock)
		tg_trace_packet(packet);
	if (packet->not_ip) {
		limits = tg_match_not_ip(packet);
		return limits ? tg_charge_all(packet, limits) : TG_REASON_NOT_IP;
	}
	reason = tg_find_lists(packet);
	if (reason != TG_PARSED)
		return reason;
	limits = tg_find_limits(packet);
	if (packet->fragment != TG_FRAGMENT_NONE)
		limits = tg_fragment_limits(packet, limits);
	return limits ? tg_charge_all(packet, limits) : TG_REASON_UNLIMITED;
}

/* Evaluates what the parser lets go on, discovery beyond its budgets, and what is not IP if a limit
 * is for that. */
static __always_inline int tg_evaluate_parsed(struct tg_packet *packet, __u32 ifindex, int reason)
{
	if (tg_is_discovery(reason))
		reason = tg_discover(packet, ifindex, reason);
	packet->not_ip = policy.not_ip && reason == TG_REASON_NOT_IP;
	return reason == TG_PARSED || packet->not_ip ? tg_evaluate(packet) : reason;
}

#endif
