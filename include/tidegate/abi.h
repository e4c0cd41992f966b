/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/*
 * The layouts that the packet programs and the daemon share: map keys and values, the compiled
 * policy, verdicts and reasons. Compiled by `clang -target bpf` and by the host compiler. Every
 * struct has explicit padding and an asserted size. A change of any layout raises TG_ABI_VERSION:
 * a daemon that finds maps of another version replaces them and never interprets them.
 */
#ifndef TIDEGATE_ABI_H
#define TIDEGATE_ABI_H

#include <linux/types.h>

#ifndef TG_ABI_VERSION /* a test builds a later version */
#define TG_ABI_VERSION 10
#endif

/*
 * The first version in which all that a bucket needs to be read had its present layout and
 * arithmetic: struct tg_meta, tg_limit_record, tg_bucket, tg_limit_counters, table.h and gcra.h.
 * Maps of a version from this one on keep their buckets at an upgrade. A change of any of these
 * raises it to TG_ABI_VERSION.
 */
#define TG_BUCKETS_SINCE 10

#define TG_NS_PER_S 1000000000ULL

#define TG_LIMITS_MAX	    64
#define TG_LIMIT_NAME_SIZE  64	  /* bytes, with the terminating NUL */
#define TG_FIELD_VALUES	    65536 /* of a 16-bit field: a port, a length */
#define TG_PROTOCOLS	    256
#define TG_VLAN_TAGS_MAX    2
#define TG_LAYERS_MAX	    10 /* VLAN tags, PPPoE and MPLS labels together */
#define TG_IPV6_HEADERS_MAX 8  /* extension headers walked before a packet is dropped */

/*
 * Banks for two generations of the policy. One word (the map `active`) says which bank enforces,
 * so that a change is one store for all interfaces.
 */
#define TG_BANKS 2

/* The hooks at which packets are seen. */
enum tg_hook { TG_HOOK_XDP, TG_HOOK_TC_INGRESS, TG_HOOK_TC_EGRESS, TG_HOOKS };

/* What stands at the beginning of an interface's frames. */
enum tg_header {
	TG_HEADER_ETHERNET,
	TG_HEADER_NONE, /* IP begins at once, as on tun, WireGuard, PPP, GRE */
	TG_HEADERS,
};

/* Index of a bank's XDP program in the map generations. */
#define TG_XDP_PROGRAMS		     (TG_BANKS * TG_HEADERS)
#define TG_XDP_PROGRAM(bank, header) ((header)*TG_BANKS + (bank))

/* Index of a bank's TC program in the map tc_generations. */
#define TG_TC_PROGRAMS		  (TG_BANKS * 2)
#define TG_TC_PROGRAM(bank, hook) ((bank)*2 + ((hook) == TG_HOOK_TC_EGRESS))

/*
 * The word of __sk_buff's `cb` in which the TC program of a link says which enum tg_header the
 * interface has. It is the last one, which others use least.
 */
#define TG_TC_CB 4

/*
 * Size of the direct table, for each hook, from an interface index modulo this size to its
 * counters.
 */
#define TG_IFINDEX_SLOTS   65536
#define TG_ATTACHMENTS_MAX 768

/* Overflow buckets of each limit, shared by the sources that have no bucket of their own. */
#define TG_OVERFLOW_PER_LIMIT 1024

/*
 * The most bytes of a message of discovery, from the ARP or IP header to the end of the frame. No
 * message that a host needs is longer; only reports of many groups and advertisements of many
 * prefixes are.
 */
#define TG_DISCOVERY_BYTES 256

/* Tries of a compare-and-swap on one bucket before the packet is refused. */
#define TG_CAS_TRIES 16

/*
 * An address in network byte order. IPv4 is mapped into IPv6 (::ffff:a.b.c.d, RFC 4291 section
 * 2.5.5.2). The parser drops frames that carry a mapped address, so that nobody can pose as an
 * IPv4 source.
 */
struct tg_address {
	__be64 high;
	__be64 low;
};

#ifdef __cplusplus
#error "abi.h is C only"
#endif

_Static_assert(sizeof(struct tg_address) == 16, "address");

/*
 * The clock that a limit reads. Both count nanoseconds since boot, without suspend. The coarse
 * clock counts kernel ticks (bpf_jiffies64, a load of one word) and is late by up to a tick.
 */
enum tg_clock {
	TG_CLOCK_PRECISE, /* bpf_ktime_get_ns, CLOCK_MONOTONIC */
	TG_CLOCK_COARSE,
	TG_CLOCKS,
};

/* How a bucket fills, in units: one token is 1 << scale units. gcra.h has the arithmetic. */
struct tg_rate {
	__u64 capacity; /* units in a full bucket */
	__u64 amount;	/* interval: units per refill; continuous: units per ns, times 1 <<
			   TG_RATE_SHIFT */
	__u64 interval; /* ns between refills; 0 means continuous */
	__u64 slack; /* units: only a clock that went back makes a deficit above capacity + slack */
	__u32 scale;
	__u32 clock; /* enum tg_clock */
};

_Static_assert(sizeof(struct tg_rate) == 40, "rate");

#define TG_RATE_SHIFT 25

/*
 * The slot of a limit id: its low six bits, the bit number in masks and the index of counters. A
 * serial number stands above it, so that a limit that is removed and added again never meets its
 * former buckets.
 */
#define TG_LIMIT_SLOT(id) ((id) & (TG_LIMITS_MAX - 1))

enum tg_key_kind {
	TG_KEY_ADDRESS,
	TG_KEY_NAME, /* the address is a hash of an application's key, see name_hash.h */
};

struct tg_bucket_key {
	struct tg_address address; /* prefix masked off */
	__u32 limit_id;
	__be16 port;
	__u8 protocol;
	__u8 kind; /* enum tg_key_kind */
};

_Static_assert(sizeof(struct tg_bucket_key) == 24, "bucket key");

/*
 * One bucket. Programs change `state` and `penalty` by compare-and-swap, but a reset stores penalty
 * 0. The counters are plain additions, which may fall short on several CPUs. User space only reads.
 */
struct tg_bucket {
	__u64 state;	   /* see gcra.h */
	__u64 admitted;	   /* packets */
	__u64 exceeded;	   /* packets */
	__u64 exceeded_at; /* time of the last refusal, ns on the clock of the limit; 0 never */
	__u64 penalty;	   /* backoff, see TG_PENALTY_*; 0 none */
};

_Static_assert(sizeof(struct tg_bucket) == 40, "bucket");

/* The extra part of a bucket in a shared limit. */
struct tg_bucket_share {
	__s64 taken;	  /* tokens that the daemon has not collected yet */
	__u64 watched_at; /* when the daemon last collected them, ns on the clock of the limit */
};

_Static_assert(sizeof(struct tg_bucket_share) == 16, "bucket share");

/*
 * A bucket's penalty: its end (ns on the clock of the limit), and in the low 8 bits how many
 * penalties it had since it was full (255: or more).
 */
#define TG_PENALTY_ATTEMPTS    255ULL
#define TG_PENALTY_UNTIL(word) ((word) & ~TG_PENALTY_ATTEMPTS)

#define TG_BACKOFF_STEPS 16 /* penalties of one limit; the last one repeats */

enum tg_per {
	TG_PER_SOURCE,
	TG_PER_DESTINATION,
	TG_PER_EVERYONE,
	TG_PER_KEY, /* of an application; no packet meets it */
};
enum tg_unit { TG_UNIT_PACKETS, TG_UNIT_BYTES };

/* The part of an IP packet that a frame holds. */
enum tg_fragment {
	TG_FRAGMENT_NONE,  /* a whole packet */
	TG_FRAGMENT_FIRST, /* with the transport header */
	TG_FRAGMENT_LATER, /* without the transport header */
	TG_FRAGMENTS,
};

/* What a limit does with a packet that it does not admit. */
enum tg_action { TG_ACTION_DROP, TG_ACTION_MARK, TG_ACTION_DELAY, TG_ACTION_REJECT };

enum tg_mark_flags {
	TG_MARK_DSCP = 1 << 0,
	TG_MARK_ECN = 1 << 1,
	TG_MARK_FWMARK = 1 << 2,
	TG_MARK_PRIORITY = 1 << 3,
	TG_MARK_DROP_NOT_ECN = 1 << 4, /* drops packets that cannot carry CE */
};

/* One limit as programs see it. */
struct tg_limit {
	struct tg_rate rate;
	struct tg_address mask4; /* for the mapped address of an IPv4 source */
	struct tg_address mask6;
	__u64 mark_above; /* tokens in use above which packets are marked; ~0 never */
	__u64 max_delay;  /* ns */
	__u64 report_at;  /* tokens taken at which a source of a shared limit is reported */
	__u32 fwmark;
	__u32 priority;
	__u32 id;
	__u8 version;	   /* of the rate, see gcra.h */
	__u8 unit;	   /* enum tg_unit */
	__u8 per;	   /* enum tg_per */
	__u8 per_port;	   /* one bucket for each destination port */
	__u8 per_protocol; /* one bucket for each protocol */
	__u8 action;	   /* enum tg_action */
	__u8 shadow;	   /* packets that exceed go on, and no other action is taken */
	__u8 marks;	   /* enum tg_mark_flags */
	__u8 dscp;
	__u8 dns_refused; /* answers rejected DNS queries by REFUSED instead of TC */
	__u8 has_backoff;
	__u8 is_fast; /* tg_charge_fast() may charge it: it neither delays, backs off nor is shared
		       */
	__u8 rank;    /* place in the configuration; the slot says nothing about it */
	__u8 pad[3];
	__u32 reserved; /* entries of the table that no other limit takes */
};

_Static_assert(sizeof(struct tg_limit) == 128, "limit");

/*
 * Admission: how fast the new sources of a limit get buckets, as one bucket that all CPUs share,
 * in a cache line of its own. The daemon writes it before its bank comes into force.
 */
struct tg_admission {
	__u64 state; /* see gcra.h, version 0; 0 never used */
	struct tg_rate rate;
	__u64 pad[2];
};

_Static_assert(sizeof(struct tg_admission) == 64, "admission");

/* Layout of the table in lines, and the secrets of its hash; see table.h. */
struct tg_table {
	__u32 size; /* buckets */
	__u32 sets;
	__u32 first_entry;
	__u32 first_share;
	__u32 lines;
	__u32 secrets[6];
	__u32 pad;
	__u64 factor; /* secret, and odd */
};

_Static_assert(sizeof(struct tg_table) == 56, "table");

/*
 * A compiled policy: the .rodata of a generation of programs. A mask has one bit for each limit
 * slot. A packet is charged to the limits in the AND of the masks that its fields select (bit
 * vectors: Lakshman and Stiliadis, SIGCOMM 1998).
 *
 * A limit with a condition on a field that a protocol lacks has no bit in that protocol's mask, so
 * that packets without the field need no look-up. Addresses, ports and lengths have maps of their
 * own; has_* say whether any limit has such a condition.
 */
struct tg_policy {
	__u64 hooks[TG_HOOKS]; /* slots in use at the hook */
	__u64 protocols[TG_PROTOCOLS];
	__u64 tcp_flags[256];  /* index: the byte of TCP flags */
	__u64 icmp_types[256]; /* index: type of ICMP or ICMPv6 */
	__u64 fragments[TG_FRAGMENTS];
	__u64 any_source; /* limits for addresses that no prefix holds */
	__u64 any_destination;
	__u64 new_sources;  /* limits with new_sources */
	__u64 shared;	    /* limits that other nodes charge too */
	__u64 fast;	    /* limits that only admit or drop */
	__u64 not_ip;	    /* limits for what is not IP; no other mask has them */
	__u64 on_transport; /* limits with a condition on ports or ICMP type */
	__u64 on_protocol;  /* limits with a condition on the protocol */
	__u64 refusing;	    /* limits per source that do not let all go on that exceeds */
	__u64 strictest[TG_LIMITS_MAX]; /* the strictest of them, the strictest two, and so on */
	struct tg_limit limits[TG_LIMITS_MAX];
	__u8 order[TG_LIMITS_MAX]; /* slots in the order of the configuration */
	__u64 backoffs[TG_LIMITS_MAX][TG_BACKOFF_STEPS]; /* ns */
	struct tg_rate answers_to_one; /* bound on answers to rejected packets, for each source */
	struct tg_rate answers_to_all; /* the same bound for all sources together */
	struct tg_rate discovery_of_source; /* discovery that no limit is asked about, by source */
	struct tg_rate
		discovery_of_interface; /* the same, of all sources of an interface together */
	struct tg_rate discovery_floor; /* of an interface, what might leave the link */
	__u64 hash_key[2];		/* secret; spreads sources over overflow buckets */
	__u64 name_key[2];		/* secret, of tg_name_hash() */
	struct tg_table table;
	__u64 tick;	  /* ns */
	__u64 tick_begin; /* see struct tg_meta */
	__u32 has_lists;  /* the allow and deny lists have an entry */
	__u32 has_destination_ports;
	__u32 has_rare; /* any of the has_* below */
	__u32 has_sources;
	__u32 has_destinations;
	__u32 has_source_ports;
	__u32 has_lengths;
	__u32 has_tcp_flags;
	__u32 has_icmp_types;
	__u32 has_fragments;
	__u32 bank; /* the bank of this generation */
	__u32 generation;
	__u32 xdp_slot; /* the slot, if just one limit holds at XDP */
	__u32 limits_n;
	__u32 has_rejections; /* a limit has on_exceed: reject */
	__u32 has_datagrams;  /* limits differ in what later fragments do not have */
	__u32 no_ticks;	      /* the kernel may lose ticks, so both clocks are the precise one */
	__u32 preemptible;    /* a packet may interrupt another's program on the same CPU */
};

_Static_assert(sizeof(struct tg_policy) ==
		       24 + 3 * 2048 + 72 + 24 + 64 * (8 + 128 + 1 + 128) + 80 + 120 + 80 + 96,
	       "policy");

/* Versions of the rate in a bucket's state. The fourth value marks TG_BUCKET_DEAD. */
#define TG_RATE_VERSIONS 3

/*
 * What a bank knows of a slot's limit, to interpret its buckets. The daemon writes it, and
 * programs read it when they meet a bucket of another version.
 */
struct tg_limit_record {
	char name[TG_LIMIT_NAME_SIZE]; /* empty: the slot is free */
	__u32 id;
	__u32 version;
	__u32 shape;	   /* of the keys: a change of it gives the limit a new id */
	__u32 predecessor; /* former id, whose buckets are still to be taken out; 0 none */
	struct tg_rate rates[TG_RATE_VERSIONS + 1]; /* one unused: any two bits index it */
};

_Static_assert(sizeof(struct tg_limit_record) == 64 + 16 + 160, "limit record");

struct tg_meta {
	__u32 abi_version; /* stays the first field in every version */
	__u32 next_serial; /* serial number of the next limit id, never used twice */
	__u64 hash_key[2];
	__u32 generation[TG_BANKS];
	__u32 table_size[TG_BANKS]; /* buckets; of the table that the bank uses */
	__u64 tick;		    /* length of a kernel tick, ns */
	__u64 tick_begin;	    /* CLOCK_MONOTONIC (ns, modulo 2^64) at tick 0 */
};

_Static_assert(sizeof(struct tg_meta) == 56, "meta");

/*
 * Key of the allow and deny lists: two LPM tries, of the configuration and of dynamic entries; see
 * lists.h.
 */
struct tg_lpm_key {
	__u32 prefix_length; /* bits of the 128 */
	struct tg_address address;
} __attribute__((packed));

_Static_assert(sizeof(struct tg_lpm_key) == 20, "lpm key");

enum tg_list { TG_LIST_NEITHER, TG_LIST_ALLOW, TG_LIST_DENY };

/* A prefix of the configuration. It repeats its length, because a look-up does not return it. */
struct tg_listed {
	__u32 list; /* enum tg_list */
	__u32 prefix_length;
};

_Static_assert(sizeof(struct tg_listed) == 8, "listed");

#define TG_NOTE_SIZE	  96 /* bytes, with the terminating NUL */
#define TG_ENTRIES_MAX	  131072
/* Layout of the next three structs, which outlive a change of TG_ABI_VERSION. */
#define TG_ENTRIES_LAYOUT 1

/* What a dynamic entry says for one list. */
struct tg_listing {
	__u64 until; /* ns on CLOCK_MONOTONIC; 0: not on the list; TG_NO_END */
	__u64 added; /* s on CLOCK_REALTIME */
	char note[TG_NOTE_SIZE];
};

_Static_assert(sizeof(struct tg_listing) == 112, "listing");

#define TG_NO_END (~0ULL)

/* A dynamic entry: one prefix, on one list or both. Only the daemon writes it. */
struct tg_entry {
	__u32 prefix_length;
	__u32 flags; /* TG_ENTRY_* */
	struct tg_listing allow, deny;
};

#define TG_ENTRY_AUTO 1 /* a program put it on the deny list: no allow entry gives way to it */

_Static_assert(sizeof(struct tg_entry) == 232, "entry");

struct tg_entries_state {
	__u32 layout; /* stays the first field */
	__u32 n;      /* upper bound of the number of entries; with 0 programs do not look */
};

_Static_assert(sizeof(struct tg_entries_state) == 8, "entries state");

/*
 * The reasons with which a packet leaves: X(symbol, name in metrics, passes). Only this table says
 * which doubtful packets pass. What is not IP passes, because it has no source to charge and the
 * host may need it. What claims to be IP and is malformed (RFC 791, RFC 8200) is dropped, as the
 * host's stack would do.
 */
#define TG_REASONS(X)                                                                              \
	X(ADMITTED, "admitted", 1)   /* every matching limit had tokens */                         \
	X(UNLIMITED, "unlimited", 1) /* no limit matches */                                        \
	X(ALLOWED, "allowed", 1)     /* source on an allow list */                                 \
	X(NOT_IP, "not_ip", 1)	     /* any other EtherType, or 802.3 */                           \
	X(ARP, "arp", 1)	     /* within its budget, as the next three */                    \
	X(NEIGHBOUR_DISCOVERY, "neighbour_discovery", 1) /* ND, RFC 4861 */                        \
	X(MLD, "mld", 1)				 /* RFC 3810 */                            \
	X(IGMP, "igmp", 1)				 /* RFC 3376 */                            \
	X(LIMIT, "limit", 0)				 /* a limit refused it */                  \
	X(REJECTED, "rejected", 0)   /* a limit refused it, and it was answered */                 \
	X(DENIED, "denied", 0)	     /* source on a deny list */                                   \
	X(CONTENDED, "contended", 0) /* TG_CAS_TRIES tries were too few */                         \
	X(TRUNCATED_ETHERNET, "truncated_ethernet", 0)                                             \
	X(VLAN_DEPTH, "vlan_depth", 0)	 /* more than TG_VLAN_TAGS_MAX tags */                     \
	X(LAYER_DEPTH, "layer_depth", 0) /* more than TG_LAYERS_MAX tags and labels */             \
	X(TRUNCATED_IPV4, "truncated_ipv4", 0)                                                     \
	X(MALFORMED_IPV4, "malformed_ipv4", 0) /* version, header or total length */               \
	X(TRUNCATED_IPV6, "truncated_ipv6", 0)                                                     \
	X(MALFORMED_IPV6, "malformed_ipv6", 0)		 /* version or length, jumbograms too */   \
	X(IPV6_CHAIN, "ipv6_chain", 0)			 /* over TG_IPV6_HEADERS_MAX headers */    \
	X(MAPPED_ADDRESS, "mapped_address", 0)		 /* ::ffff:0:0/96 on the wire */           \
	X(TRUNCATED_TRANSPORT, "truncated_transport", 0) /* also tiny fragments, RFC 1858 */       \
	X(MALFORMED_TRANSPORT, "malformed_transport", 0) /* UDP length or TCP offset */

enum tg_reason {
#define TG_REASON_SYMBOL(symbol, name, passes) TG_REASON_##symbol,
	TG_REASONS(TG_REASON_SYMBOL)
#undef TG_REASON_SYMBOL
		TG_REASON_COUNT,
};

/* Counters of an attachment, per CPU: each packet raises just one. */
struct tg_interface_counters {
	__u64 packets[TG_REASON_COUNT];
};

enum tg_verdict {
	TG_VERDICT_ADMITTED,
	TG_VERDICT_DROPPED,
	TG_VERDICT_MARKED,
	TG_VERDICT_DELAYED,
	TG_VERDICT_REJECTED,
	TG_VERDICT_SHADOW_EXCEEDED,
	TG_VERDICT_COUNT,
};

/* Counters of a limit slot, per CPU. */
struct tg_limit_counters {
	__u64 packets[TG_VERDICT_COUNT];
	__u64 bytes[TG_VERDICT_COUNT];
	__u64 created;	     /* buckets put into the table */
	__u64 reclaimed;     /* buckets taken out of it */
	__u64 overflowed;    /* packets charged to an overflow bucket */
	__u64 table_full;    /* those of them that found the table full */
	__u64 event_at;	     /* last event of this CPU, ns on the coarse clock; 0 none yet */
	__u64 without_event; /* packets that exceeded since that event */
};

/* Shortest time between two events of one limit from one CPU, ns. */
#define TG_EVENT_INTERVAL (TG_NS_PER_S / 10)

/* A packet that exceeded a limit, and how many before it had no event. */
struct tg_event {
	__u64 at; /* ns on the coarse clock */
	struct tg_address source;
	struct tg_address destination;
	__u64 without_event; /* packets of the limit that exceeded on this CPU since its event
				before */
	__u32 limit_id;
	__u32 bytes; /* as struct tg_limit_counters has them */
	__be16 source_port;
	__be16 destination_port;
	__u8 protocol;
	__u8 verdict; /* enum tg_verdict */
	__u8 hook;    /* enum tg_hook */
	__u8 has_ports : 1;
	__u8 not_ip : 1; /* no address, port or protocol is valid */
};

_Static_assert(sizeof(struct tg_event) == 64, "event");

#endif
