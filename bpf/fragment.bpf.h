/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fragments after the first have no transport header, and those of IPv6 do not even say their
 * protocol. What they are is known from the first fragment of the same datagram, so a table
 * remembers that for a while. The table is small and forgets: a datagram takes the place of another
 * one with the same index.
 */
#ifndef TG_FRAGMENT_BPF_H
#define TG_FRAGMENT_BPF_H

#include <tidegate/keyed_hash.h>
#include "classify.bpf.h"

#define TG_DATAGRAMS 4096

/*
 * ms. No host waits longer for the fragments of a datagram (RFC 8200 section 4.5). For the first
 * part of this time, fragments that come before their first one take no datagram's place.
 */
#define TG_DATAGRAM_LIFE 60000
#define TG_DATAGRAM_HELD 1000

/* What `kind` of a datagram's record says. */
enum tg_datagram_kind {
	TG_DATAGRAM_NONE,
	TG_DATAGRAM_FIRST, /* its first fragment has come */
	TG_DATAGRAM_EARLY, /* only others have come */
};

/* What its transport header says, as one word. */
struct tg_datagram_info {
	__u32 at; /* ms on the coarse clock */
	__be16 destination_port;
	__u8 protocol;
	__u8 kind; /* enum tg_datagram_kind */
};

/*
 * A record. CPUs write it without a lock, word by word; `check` tells words of different writers
 * apart (as in the hash tables of chess programs, Hyatt and Mann, 2002).
 */
struct tg_datagram {
	__u64 check;   /* the datagram's hash, XORed with all words below */
	__u64 limits;  /* first: that its protocol, ports and ICMP type meet */
	__u64 settled; /* that all early fragments were charged to, or cannot meet */
	struct tg_datagram_info info;
	__u32 packets, bytes; /* of early fragments */
};

_Static_assert(sizeof(struct tg_datagram) == 40, "datagram");

/* Key: a hash of the datagram. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_DATAGRAMS);
	__type(key, __u32);
	__type(value, struct tg_datagram);
} datagrams SEC(".maps");

/*
 * Hashes what all fragments of a datagram have in common (RFC 791 section 3.2, RFC 8200 section
 * 4.5), and the hook, because each hook sees all of them.
 */
static __always_inline __u64 tg_datagram_hash(const struct tg_packet *packet)
{
	struct tg_sip sip = tg_sip_begin(policy.hash_key);
	__u64 rest = packet->id | (__u64)packet->hook << 32 | (__u64)packet->is_ipv4 << 40;

	if (packet->is_ipv4)
		rest |= (__u64)packet->protocol << 48;
	tg_sip_absorb(&sip, packet->source.high);
	tg_sip_absorb(&sip, packet->source.low);
	tg_sip_absorb(&sip, packet->destination.high);
	tg_sip_absorb(&sip, packet->destination.low);
	tg_sip_absorb(&sip, rest);
	return tg_sip_end(&sip);
}

static __always_inline __u64 tg_datagram_check(const struct tg_datagram *datagram, __u64 hash)
{
	__u64 info;

	__builtin_memcpy(&info, &datagram->info, sizeof(info));
	return hash ^ datagram->limits ^ datagram->settled ^ info ^ datagram->packets ^
	       ((__u64)datagram->bytes << 32);
}

static __always_inline __u32 tg_datagram_now(void)
{
	return tg_now(TG_CLOCK_COARSE) / 1000000;
}

/* Reads a record. Without one of this datagram, `info.kind` is TG_DATAGRAM_NONE. */
static __always_inline void tg_datagram_read(const struct tg_datagram *record, __u64 hash,
					     struct tg_datagram *datagram)
{
	*datagram = *(const volatile struct tg_datagram *)record;
	if (datagram->check != tg_datagram_check(datagram, hash) ||
	    tg_datagram_now() - datagram->info.at > TG_DATAGRAM_LIFE)
		*datagram = (struct tg_datagram){};
}

static __always_inline void tg_datagram_write(struct tg_datagram *record, __u64 hash,
					      struct tg_datagram *datagram)
{
	datagram->info.at = tg_datagram_now();
	datagram->check = tg_datagram_check(datagram, hash);
	*(volatile struct tg_datagram *)record = *datagram;
}

/* True if the first fragment of another datagram came just now, whose others are on their way. */
static __always_inline bool tg_datagram_is_held(const struct tg_datagram *record)
{
	struct tg_datagram_info info = *(const volatile struct tg_datagram_info *)&record->info;

	return info.kind == TG_DATAGRAM_FIRST && tg_datagram_now() - info.at < TG_DATAGRAM_HELD;
}

/* True if the first fragment may have ports or an ICMP type. */
static __always_inline bool tg_has_transport(const struct tg_packet *packet)
{
	if (packet->any_protocol)
		return true;
	switch (packet->protocol) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_UDPLITE:
	case IPPROTO_SCTP:
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return true;
	}
	return false;
}

/*
 * Notes what the first fragment is. Several may say that they are the first one, and the host takes
 * any of them, so the datagram meets the limits of all. Each of them owes what came early to the
 * limits that were not charged for it, because any other may have been refused.
 */
static __always_inline void tg_fragment_first(struct tg_packet *packet, struct tg_datagram *record,
					      __u64 hash)
{
	struct tg_datagram datagram;

	tg_datagram_read(record, hash, &datagram);
	if (datagram.packets) {
		packet->owing = (policy.on_transport | policy.on_protocol) & ~datagram.settled;
		packet->early_packets = datagram.packets;
		packet->early_bytes = datagram.bytes;
	}
	if (datagram.info.kind != TG_DATAGRAM_FIRST) {
		datagram.info.destination_port = packet->destination_port;
		datagram.info.protocol = packet->protocol;
		datagram.info.kind = TG_DATAGRAM_FIRST;
	}
	if (datagram.info.destination_port != packet->destination_port)
		datagram.info.destination_port = 0;
	if (datagram.info.protocol != packet->protocol)
		datagram.info.protocol = IPPROTO_FRAGMENT;
	datagram.limits |= tg_match_datagram(tg_settings(), packet);
	tg_datagram_write(record, hash, &datagram);
}

/*
 * Returns the bit of the strictest of @candidates, which are some of policy.refusing, or 0. A
 * binary search for the fewest of the strictest that hold one of them.
 */
static __always_inline __u64 tg_strictest(__u64 candidates)
{
	__u32 n = 0, step;

#pragma unroll
	for (step = TG_LIMITS_MAX / 2; step; step /= 2)
		if (!(candidates & policy.strictest[tg_masked(n + step - 1, TG_LIMITS_MAX)]))
			n += step;
	return candidates & policy.strictest[tg_masked(n, TG_LIMITS_MAX)];
}

/*
 * Returns the limits for a fragment whose first one is not known: of @limits, which it may meet,
 * those that it meets for certain. They are to bound what a source can send. If none does, the
 * strictest that it may meet has to. Never one of everyone or of a destination, which any source
 * could exhaust. For the protocol the fragment's word is taken, because the first one decides later
 * what all are charged to.
 */
static __always_inline __u64 tg_fragment_orphan(const struct tg_packet *packet, __u64 limits)
{
	__u64 certain = limits & tg_settings()->protocols[packet->protocol];

	if (tg_has_transport(packet))
		certain &= ~policy.on_transport;
	if (certain & policy.refusing)
		return certain;
	return certain | tg_strictest(limits & policy.refusing);
}

/* Notes that the packet came before the first fragment. @settled: limits that owe nothing for it.
 */
static __always_inline void tg_fragment_early(const struct tg_packet *packet,
					      struct tg_datagram *record, __u64 hash,
					      struct tg_datagram *datagram, __u64 settled)
{
	if (datagram->info.kind == TG_DATAGRAM_NONE) {
		if (tg_datagram_is_held(record))
			return;
		datagram->settled = ~0ULL;
		datagram->info.kind = TG_DATAGRAM_EARLY;
	}
	datagram->settled &= settled;
	if (datagram->bytes + packet->bytes > datagram->bytes) {
		datagram->packets++;
		datagram->bytes += packet->bytes;
	}
	tg_datagram_write(record, hash, datagram);
}

/* Returns those of @limits that a later fragment is charged to, and notes in it what it is. */
static __always_inline __u64 tg_fragment_later(struct tg_packet *packet, struct tg_datagram *record,
					       __u64 hash, __u64 limits)
{
	struct tg_datagram datagram;
	__u64 charged;

	tg_datagram_read(record, hash, &datagram);
	if (datagram.info.kind == TG_DATAGRAM_FIRST) {
		packet->destination_port = datagram.info.destination_port;
		packet->protocol = datagram.info.protocol;
		packet->any_protocol = packet->protocol == IPPROTO_FRAGMENT;
		return limits & datagram.limits;
	}
	charged = tg_fragment_orphan(packet, limits);
	tg_fragment_early(packet, record, hash, &datagram, charged | ~limits);
	return charged;
}

/*
 * Returns the limits that a fragment is charged to. @limits: those that it meets by what it has;
 * what it does not have rules none out. A global function, called only for fragments.
 */
__noinline __u64 tg_fragment_limits(struct tg_packet *packet, __u64 limits)
{
	struct tg_datagram *record;
	__u32 index;
	__u64 hash;

	if (!packet || !policy.has_datagrams)
		return limits;
	if (packet->is_ipv4 && !tg_has_transport(packet))
		return limits;
	hash = tg_datagram_hash(packet);
	index = hash & (TG_DATAGRAMS - 1);
	record = bpf_map_lookup_elem(&datagrams, &index);
	if (!record)
		return tg_fragment_orphan(packet, limits);
	if (packet->fragment == TG_FRAGMENT_LATER)
		return tg_fragment_later(packet, record, hash, limits);
	tg_fragment_first(packet, record, hash);
	return limits;
}

#endif
