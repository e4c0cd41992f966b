/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the packet programs and the daemon share: map keys and values, the
 * compiled policy, verdicts and reasons. Compiled by both `clang -target bpf`
 * and the host compiler; every struct here has explicit padding and a size
 * that is asserted. A change of any layout raises TG_ABI_VERSION: a daemon that
 * finds maps of another version replaces them and never interprets them.
 */
#ifndef TIDEGATE_ABI_H
#define TIDEGATE_ABI_H

#include <linux/types.h>

#define TG_ABI_VERSION 9

#define TG_LIMITS_MAX	    64
#define TG_LIMIT_NAME_SIZE  64	  /* bytes, with the terminating NUL */
#define TG_FIELD_VALUES	    65536 /* of a 16-bit field: a port, a length */
#define TG_PROTOCOLS	    256
#define TG_VLAN_TAGS_MAX    2
#define TG_IPV6_HEADERS_MAX 8 /* extension headers walked before a packet is given up */

/*
 * Two generations of the policy can stand in the kernel, one in each bank; one word (the
 * map `active`) says which bank enforces. So a change is one store, for all interfaces.
 */
#define TG_BANKS 2

/* Where packets are seen. */
enum tg_hook { TG_HOOK_XDP, TG_HOOK_TC_INGRESS, TG_HOOK_TC_EGRESS, TG_HOOKS };

/* Where a TC program of a bank stands in the map tc_generations. */
#define TG_TC_PROGRAMS		  (TG_BANKS * 2)
#define TG_TC_PROGRAM(bank, hook) ((bank)*2 + ((hook) == TG_HOOK_TC_EGRESS))

/* Interface indexes are folded into a direct table of this size, for each hook, to find counters.
 */
#define TG_IFINDEX_SLOTS   65536
#define TG_ATTACHMENTS_MAX 768

/* Buckets shared by the sources that have none of their own, for each limit. */
#define TG_OVERFLOW_PER_LIMIT 1024

/* Tries of a compare-and-swap on one bucket before the packet is refused. */
#define TG_CAS_TRIES 16

/*
 * An address in network byte order. IPv4 is mapped into IPv6 (::ffff:a.b.c.d,
 * RFC 4291 section 2.5.5.2); frames that carry such an address on the wire are
 * dropped by the parser, so that nobody can pose as an IPv4 source.
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
 * Which clock a limit reads; both count nanoseconds since boot, without suspend. The coarse one
 * counts them in ticks of the kernel (bpf_jiffies64, which is a load of a word), which it makes by
 * CLOCK_MONOTONIC, each as soon as it has passed: so it is late by up to a tick.
 */
enum tg_clock {
	TG_CLOCK_PRECISE, /* bpf_ktime_get_ns, CLOCK_MONOTONIC */
	TG_CLOCK_COARSE,
	TG_CLOCKS,
};

/*
 * How a bucket fills. All amounts are in units: one token is 1 << scale units.
 * See gcra.h for the arithmetic and policy.h for how the numbers are chosen.
 */
struct tg_rate {
	__u64 capacity; /* units in a full bucket */
	__u64 amount;	/* stepped: units a refill adds; continuous: units a ns, times 1 <<
			   TG_RATE_SHIFT */
	__u64 interval; /* ns between refills; 0 means continuous */
	__u64 slack;	/* units: a deficit beyond capacity + slack can only come from a clock that
			   went back */
	__u32 scale;
	__u32 clock; /* enum tg_clock */
};

_Static_assert(sizeof(struct tg_rate) == 40, "rate");

#define TG_RATE_SHIFT 25

/*
 * A limit's identity: the slot (bit number, index of its counters) in the low
 * six bits, a serial number above, so that a limit that is removed and added
 * again never meets the buckets of its former life.
 */
#define TG_LIMIT_SLOT(id) ((id) & (TG_LIMITS_MAX - 1))

enum tg_key_kind {
	TG_KEY_ADDRESS,
	TG_KEY_NAME, /* the address field holds a hash of an application's key, see name_hash.h */
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
 * One bucket. Programs write it, by compare-and-swap on `state` and atomic
 * additions; user space only reads it.
 */
struct tg_bucket {
	__u64 state;	   /* see gcra.h */
	__u64 admitted;	   /* packets */
	__u64 exceeded;	   /* packets */
	__u64 exceeded_at; /* ns on the clock of the limit, of the last refusal; 0 never */
	__u64 penalty;	   /* backoff: TG_PENALTY_*; 0 none, or cleared */
};

_Static_assert(sizeof(struct tg_bucket) == 40, "bucket");

/* What a bucket of a shared limit has besides. */
struct tg_bucket_share {
	__s64 taken;	  /* tokens that the daemon does not know of yet */
	__u64 watched_at; /* when it last asked for them, ns on the clock of the limit */
};

_Static_assert(sizeof(struct tg_bucket_share) == 16, "bucket share");

/* Of `penalty`: when the bucket opens, in ns on the clock of the limit, and how often it was closed
 * since it was full (255: or more). */
#define TG_PENALTY_ATTEMPTS    255ULL
#define TG_PENALTY_UNTIL(word) ((word) & ~TG_PENALTY_ATTEMPTS)

#define TG_BACKOFF_STEPS 16 /* penalties of one limit; the last one stays */

enum tg_per {
	TG_PER_SOURCE,
	TG_PER_DESTINATION,
	TG_PER_EVERYONE,
	TG_PER_KEY, /* of an application; never of a packet */
};
enum tg_unit { TG_UNIT_PACKETS, TG_UNIT_BYTES };

/* What of an IP packet a frame holds. */
enum tg_fragment {
	TG_FRAGMENT_NONE,  /* a whole packet */
	TG_FRAGMENT_FIRST, /* with the transport header */
	TG_FRAGMENT_LATER, /* without */
	TG_FRAGMENTS,
};

/* What happens to a packet that a limit does not admit. */
enum tg_action { TG_ACTION_DROP, TG_ACTION_MARK, TG_ACTION_DELAY, TG_ACTION_REJECT };

enum tg_mark_flags {
	TG_MARK_DSCP = 1 << 0,
	TG_MARK_ECN = 1 << 1,
	TG_MARK_FWMARK = 1 << 2,
	TG_MARK_PRIORITY = 1 << 3,
	TG_MARK_DROP_NOT_ECN = 1 << 4, /* what cannot carry CE is dropped */
};

/* One limit as the program sees it. */
struct tg_limit {
	struct tg_rate rate;
	struct tg_address mask4; /* for the mapped address of an IPv4 source */
	struct tg_address mask6;
	__u64 mark_above; /* tokens in use above which packets are marked; ~0 never */
	__u64 max_delay;  /* ns */
	__u64 report_at;  /* of a shared limit: tokens taken, at which a source is reported */
	__u32 fwmark;
	__u32 priority;
	__u32 id;
	__u8 version;	   /* of the rate, see gcra.h */
	__u8 unit;	   /* enum tg_unit */
	__u8 per;	   /* enum tg_per */
	__u8 per_port;	   /* a bucket for each destination port, */
	__u8 per_protocol; /* and for each protocol */
	__u8 action;	   /* enum tg_action */
	__u8 shadow;	   /* what exceeds goes on; there is no other action */
	__u8 marks;	   /* enum tg_mark_flags */
	__u8 dscp;
	__u8 dns_refused; /* rejected DNS queries are answered by REFUSED instead of TC */
	__u8 has_backoff;
	__u8 is_fast; /* neither delays nor backs off */
	__u8 rank;    /* place in the configuration; slots tell nothing about that */
	__u8 pad[7];
};

_Static_assert(sizeof(struct tg_limit) == 128, "limit");

/*
 * How fast a limit's new sources get a bucket of their own: a bucket that all CPUs share, in a
 * cache line of its own. The daemon writes it before its bank comes into force.
 */
struct tg_admission {
	__u64 state; /* see gcra.h, version 0; 0: never used */
	struct tg_rate rate;
	__u64 pad[2];
};

_Static_assert(sizeof(struct tg_admission) == 64, "admission");

/* Where things are in the table, in lines of it, and how keys are placed; see table.h. */
struct tg_table {
	__u32 size; /* buckets */
	__u32 sets;
	__u32 first_entry;
	__u32 first_share;
	__u32 lines;
	__u32 secrets[6];
	__u32 pad;
	__u64 factor; /* secret too, and odd */
};

_Static_assert(sizeof(struct tg_table) == 56, "table");

/*
 * A compiled policy: the .rodata of a program generation. A mask has a bit for
 * each limit slot; a packet is charged to the limits in the AND of the masks
 * that its fields select (bit vectors: Lakshman and Stiliadis, SIGCOMM 1998).
 *
 * A limit with a condition on a field that a protocol lacks has no bit in that protocol's
 * mask, so that packets without the field need not be looked up. Addresses, ports and
 * lengths have maps of their own; has_* say which hold any condition at all.
 */
struct tg_policy {
	__u64 hooks[TG_HOOKS]; /* the slots in use there */
	__u64 protocols[TG_PROTOCOLS];
	__u64 tcp_flags[256];  /* by the octet of flags, of packets of TCP */
	__u64 icmp_types[256]; /* of ICMP and ICMPv6 */
	__u64 fragments[TG_FRAGMENTS];
	__u64 any_source; /* limits that addresses without an entry meet */
	__u64 any_destination;
	__u64 new_sources; /* limits with new_sources */
	__u64 shared;	   /* limits that other nodes charge too */
	__u64 fast;	   /* limits that do no more to a packet than to let it go on or drop it */
	struct tg_limit limits[TG_LIMITS_MAX];
	__u64 backoffs[TG_LIMITS_MAX][TG_BACKOFF_STEPS]; /* ns */
	struct tg_rate answers_to_one; /* how often rejected packets are answered: each source, */
	struct tg_rate answers_to_all; /* and everyone together */
	__u64 hash_key[2];	       /* secret; places sources in overflow buckets */
	__u64 name_key[2];	       /* secret, of tg_name_hash() */
	struct tg_table table;
	__u64 tick;	  /* ns */
	__u64 tick_begin; /* see struct tg_meta */
	__u32 has_lists;  /* the allow and deny trie is not empty */
	__u32 has_destination_ports;
	__u32 has_rare; /* any of those that follow */
	__u32 has_sources;
	__u32 has_destinations;
	__u32 has_source_ports;
	__u32 has_lengths;
	__u32 has_tcp_flags;
	__u32 has_icmp_types;
	__u32 has_fragments;
	__u32 bank; /* of this generation */
	__u32 generation;
	__u32 xdp_slot; /* if there is one limit at XDP: its slot */
	__u32 limits_n;
	__u32 has_rejections; /* any limit answers, or is silent about it */
	__u32 pad;
};

_Static_assert(sizeof(struct tg_policy) == 24 + 3 * 2048 + 64 + 64 * (128 + 128) + 80 + 80 + 88,
	       "policy");

/* Versions that a bucket's state can carry; one value is left for TG_BUCKET_DEAD. */
#define TG_RATE_VERSIONS 3

/*
 * What a limit's buckets are to be understood by, in a bank, by slot. The daemon writes it;
 * programs read it when they meet a bucket of another version.
 */
struct tg_limit_record {
	char name[TG_LIMIT_NAME_SIZE]; /* empty: the slot is free */
	__u32 id;
	__u32 version;
	__u32 shape;	   /* of the keys: a change of it gives the limit a new id */
	__u32 predecessor; /* the id before, of which buckets are still to be taken out; 0 none */
	struct tg_rate rates[TG_RATE_VERSIONS + 1]; /* one unused: any two bits are an index */
};

_Static_assert(sizeof(struct tg_limit_record) == 64 + 16 + 160, "limit record");

struct tg_meta {
	__u32 abi_version; /* stays the first field in every version */
	__u32 next_serial; /* of limit ids, never used twice */
	__u64 hash_key[2];
	__u32 generation[TG_BANKS];
	__u32 table_size[TG_BANKS]; /* buckets in the table that the bank's generation uses */
	__u64 tick;		    /* ns, of the kernel's */
	__u64 tick_begin; /* ns on CLOCK_MONOTONIC, modulo 2^64, when the kernel counted no tick yet
			   */
};

_Static_assert(sizeof(struct tg_meta) == 56, "meta");

/*
 * Allow and deny lists: two LPM tries, one of the configuration and one of dynamic entries.
 * The longest prefix of both decides; see lists.h.
 */
struct tg_lpm_key {
	__u32 prefix_length; /* bits of the 128 */
	struct tg_address address;
} __attribute__((packed));

_Static_assert(sizeof(struct tg_lpm_key) == 20, "lpm key");

enum tg_list { TG_LIST_NEITHER, TG_LIST_ALLOW, TG_LIST_DENY };

/* A prefix of the configuration. A lookup does not return how long the prefix is that it found. */
struct tg_listed {
	__u32 list; /* enum tg_list */
	__u32 prefix_length;
};

_Static_assert(sizeof(struct tg_listed) == 8, "listed");

#define TG_NOTE_SIZE	  96 /* bytes, with the terminating NUL */
#define TG_ENTRIES_MAX	  131072
#define TG_ENTRIES_LAYOUT 1 /* of the next three, which outlive a change of TG_ABI_VERSION */

/* How a dynamic entry stands on one list. */
struct tg_listing {
	__u64 until; /* ns on CLOCK_MONOTONIC; 0: not on the list; TG_NO_END */
	__u64 added; /* s on CLOCK_REALTIME */
	char note[TG_NOTE_SIZE];
};

_Static_assert(sizeof(struct tg_listing) == 112, "listing");

#define TG_NO_END (~0ULL)

/* A dynamic entry: one prefix, on either list or on both. The daemon alone writes it. */
struct tg_entry {
	__u32 prefix_length;
	__u32 pad;
	struct tg_listing allow, deny;
};

_Static_assert(sizeof(struct tg_entry) == 232, "entry");

struct tg_entries_state {
	__u32 layout; /* stays the first field */
	__u32 n;      /* entries, at least: with none, programs do not look */
};

_Static_assert(sizeof(struct tg_entries_state) == 8, "entries state");

/*
 * Why a packet left the way it did: X(symbol, name in metrics, passes).
 * This is the one place that says which doubtful packets pass and which drop.
 * Passed: what is not IP (it cannot be charged to a source and the host may
 * need it). Dropped: what claims to be IP and is malformed (RFC 791, RFC 8200),
 * which the host's stack would drop as well.
 */
#define TG_REASONS(X)                                                                              \
	X(ADMITTED, "admitted", 1)			 /* every matching limit had tokens */     \
	X(UNLIMITED, "unlimited", 1)			 /* no limit matches */                    \
	X(ALLOWED, "allowed", 1)			 /* source on an allow list */             \
	X(NOT_IP, "not_ip", 1)				 /* any other EtherType, or 802.3 */       \
	X(ARP, "arp", 1)				 /* never limited */                       \
	X(NEIGHBOUR_DISCOVERY, "neighbour_discovery", 1) /* ND (RFC 4861), never limited */        \
	X(MLD, "mld", 1)				 /* RFC 3810, never limited */             \
	X(LIMIT, "limit", 0)				 /* a limit refused it */                  \
	X(REJECTED, "rejected", 0)			 /* likewise, and it was answered */       \
	X(DENIED, "denied", 0)				 /* source on a deny list */               \
	X(CONTENDED, "contended", 0)			 /* TG_CAS_TRIES were not enough */        \
	X(TRUNCATED_ETHERNET, "truncated_ethernet", 0)                                             \
	X(VLAN_DEPTH, "vlan_depth", 0) /* more than TG_VLAN_TAGS_MAX tags */                       \
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

/* Per CPU, per attachment: each packet raises exactly one of these. */
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

/* Per CPU, per limit slot. */
struct tg_limit_counters {
	__u64 packets[TG_VERDICT_COUNT];
	__u64 bytes[TG_VERDICT_COUNT];
	__u64 created;	  /* buckets put into the table */
	__u64 reclaimed;  /* buckets taken out of it */
	__u64 overflowed; /* packets charged to an overflow bucket for want of one of their own, */
	__u64 table_full; /* and those of them that found the table full */
	__u64 event_at;	  /* ns on the coarse clock: the last event of this CPU; 0 none yet */
	__u64 without_event; /* packets that exceeded since then */
};

/* ns between two events of one limit from one CPU. */
#define TG_EVENT_INTERVAL 100000000ULL

/* A packet that exceeded a limit, and how many there were of which there is no event. */
struct tg_event {
	__u64 at; /* ns on the coarse clock */
	struct tg_address source;
	struct tg_address destination;
	__u64 without_event; /* packets of the same limit on the same CPU since the event before */
	__u32 limit_id;
	__u32 bytes; /* as struct tg_limit_counters has them */
	__be16 source_port;
	__be16 destination_port;
	__u8 protocol;
	__u8 verdict; /* enum tg_verdict */
	__u8 hook;    /* enum tg_hook */
	__u8 has_ports;
};

_Static_assert(sizeof(struct tg_event) == 64, "event");

#endif
