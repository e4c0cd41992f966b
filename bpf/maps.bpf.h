/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All maps and settings of the programs. A map whose comment begins with "Pinned" lives from one
 * generation of programs to the next, below the name of its pin; the others belong to one
 * generation.
 */
#ifndef TG_MAPS_BPF_H
#define TG_MAPS_BPF_H

#include <stdbool.h>
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_endian.h>
#include <tidegate/abi.h>
#include <tidegate/sweep.h>
#include <tidegate/shared.h>
#include <tidegate/trace.h>

#include "bounds.bpf.h"

#define TG_ANSWER_SOURCES 4096 /* buckets; sources that fall to the same one get fewer answers */
#define TG_ANSWER_DATA                                                                             \
	512 /* bytes behind the IP header; also the bytes of one step of a checksum */

#define TG_EVENTS_BYTES	 (256 * 1024)
#define TG_REPORTS_BYTES (64 * 1024)

/* An answer from the IP header on. Also the buffer over which a checksum is taken. */
struct tg_answer {
	__u8 header[40];		/* IPv6; IPv4 uses the last 20 bytes */
	__u8 data[TG_ANSWER_DATA + 12]; /* room for an ICMP header and to fill up the last word */
};

/*
 * A setting, which the daemon writes before it loads the programs. Weak, so that no compiler takes
 * it for the zeros that it is until then, however it is read. It needs an initialiser, or the
 * compiler puts it into .bss.
 */
#define TG_SETTING const volatile __attribute__((weak))

/* The compiled policy. */
TG_SETTING struct tg_policy policy = {};

/*
 * Virtual time, for tests and simulations: with virtual_clock, time is virtual_now[enum tg_clock],
 * the length of a frame is virtual_length unless that is 0, the MTU of the interface is
 * virtual_mtu (0: not known), and `trace` tells what became of the packet. Without it the verifier
 * removes this code.
 */
TG_SETTING bool virtual_clock = false;
__u64 virtual_now[TG_CLOCKS] = {};
__u32 virtual_length = 0;
__u32 virtual_mtu = 0;
struct tg_trace trace = {};

/* When an insertion last found no room for the limit in a slot, ns on the coarse clock; 0 never. */
__u64 table_full_at[TG_LIMITS_MAX] = {};

/* Pinned. Overflow buckets. Key: slot * TG_OVERFLOW_PER_LIMIT + tg_overflow_index()'s hash. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_LIMITS_MAX *TG_OVERFLOW_PER_LIMIT);
	__type(key, __u32);
	__type(value, struct tg_bucket);
} overflow SEC(".maps");

/*
 * Pinned. Key: bank * TG_LIMITS_MAX + slot. The daemon writes a record before the programs that
 * need it go live.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_BANKS *TG_LIMITS_MAX);
	__type(key, __u32);
	__type(value, struct tg_limit_record);
} records SEC(".maps");

/* Pinned. What new_sources allows. Key: bank * TG_LIMITS_MAX + slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_BANKS *TG_LIMITS_MAX);
	__type(key, __u32);
	__type(value, struct tg_admission);
} gates SEC(".maps");

/* Pinned. The bank that enforces: one store puts a policy in force on all interfaces. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u32);
} active SEC(".maps");

/* Pinned. The XDP programs of the generation in each bank. Key: TG_XDP_PROGRAM. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TG_XDP_PROGRAMS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} generations SEC(".maps");

/* Pinned. The TC programs of the generation in each bank. Key: TG_TC_PROGRAM. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TG_TC_PROGRAMS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} tc_generations SEC(".maps");

/*
 * Pinned. Tells a later daemon what it has found, and the applications' program whether it is in
 * force.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tg_meta);
} meta SEC(".maps");

/*
 * Pinned. Key: hook * TG_IFINDEX_SLOTS + ifindex % TG_IFINDEX_SLOTS. Value: index into
 * interface_counters; 0 = not attached by us.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_HOOKS *TG_IFINDEX_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} attachments SEC(".maps");

/* Pinned. Key: what `attachments` has. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TG_ATTACHMENTS_MAX);
	__type(key, __u32);
	__type(value, struct tg_interface_counters);
} interface_counters SEC(".maps");

/* Pinned. Key: slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TG_LIMITS_MAX);
	__type(key, __u32);
	__type(value, struct tg_limit_counters);
} limit_counters SEC(".maps");

/* Pinned. Dynamic allow and deny entries, written by the daemon. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, TG_ENTRIES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tg_lpm_key);
	__type(value, struct tg_entry);
} entries SEC(".maps");

/* Pinned. Written before the first entry is added and after the last one is removed. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tg_entries_state);
} entries_state SEC(".maps");

/* Pinned. Events for the daemon. Without a daemon it fills up once, and later events are lost. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TG_EVENTS_BYTES);
} events SEC(".maps");

/* Pinned. How shared limits are enforced, written by the daemon. Key: slot. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_LIMITS_MAX);
	__type(key, __u32);
	__type(value, struct tg_share_state);
} shares SEC(".maps");

/* Pinned. Sources of shared limits that the daemon does not watch yet. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TG_REPORTS_BYTES);
} reports SEC(".maps");

/* Debits for the debit program. The daemon writes them before each run and reads them after it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_DEBITS_MAX);
	__type(key, __u32);
	__type(value, struct tg_debit);
} debits SEC(".maps");

/* Numbers of table entries for the reclaiming program. The daemon writes them before each run. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_CANDIDATES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} candidates SEC(".maps");

/* Limits that a value of a 16-bit field meets. Key: the value, host byte order. */
struct tg_field_map {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_FIELD_VALUES);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u64);
};

struct tg_field_map source_ports SEC(".maps");
struct tg_field_map destination_ports SEC(".maps");
struct tg_field_map lengths SEC(".maps");

/* Limits that an address meets. Key: prefix; the longest one decides. */
struct tg_address_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tg_lpm_key);
	__type(value, __u64);
};

struct tg_address_map sources SEC(".maps");
struct tg_address_map destinations SEC(".maps");

/* Allow and deny prefixes of the configuration. A miss is neither. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tg_lpm_key);
	__type(value, struct tg_listed);
} lists SEC(".maps");

/*
 * States of the buckets that bound answers: by hash of the source, and the last one for all
 * sources.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_ANSWER_SOURCES + 1);
	__type(key, __u32);
	__type(value, __u64);
} answers SEC(".maps");

/*
 * With PREEMPT_RT a packet's program may be interrupted by another's on the same CPU, so each takes
 * memory of its own where the stack has no room.
 */
#define TG_PACKETS_AT_ONCE 4

struct tg_answer_memory {
	__u64 in_use;
	struct tg_answer answer;
};

/* Memory for answers. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TG_PACKETS_AT_ONCE);
	__type(key, __u32);
	__type(value, struct tg_answer_memory);
} answer_memory SEC(".maps");

/*
 * Returns the policy without volatile, so each setting is read where it is used, at most once. The
 * address stays in a register.
 */
static __always_inline const struct tg_policy *tg_settings(void)
{
	const struct tg_policy *settings = (const struct tg_policy *)&policy;

	asm("" : "+r"(settings));
	return settings;
}

/*
 * Returns the limit in @slot. Each use computes the address again, which keeps no register and no
 * stack for it: for code where the stack is deepest.
 */
static __always_inline const volatile struct tg_limit *tg_limit_of(__u32 slot)
{
	return &policy.limits[slot & (TG_LIMITS_MAX - 1)];
}

/* Returns the limit in @slot and keeps its address in a register: for the fast path. */
static __always_inline const struct tg_limit *tg_limit_at(__u32 slot)
{
	const struct tg_limit *limit = &tg_settings()->limits[slot & (TG_LIMITS_MAX - 1)];

	asm volatile("" : "+r"(limit));
	return limit;
}

static __always_inline struct tg_limit_record *tg_record_of(__u32 bank, __u32 slot)
{
	__u32 index = (bank & 1) * TG_LIMITS_MAX + slot;

	return bpf_map_lookup_elem(&records, &index);
}

static __always_inline __u64 tg_now(__u32 clock)
{
	if (policy.no_ticks)
		clock = TG_CLOCK_PRECISE;
	if (virtual_clock)
		return virtual_now[tg_masked(clock, TG_CLOCKS)];
#ifdef TG_ONLY_PRECISE_CLOCK
	return bpf_ktime_get_ns();
#endif
	if (clock != TG_CLOCK_COARSE)
		return bpf_ktime_get_ns();
	return bpf_jiffies64() * policy.tick + policy.tick_begin;
}

/*
 * Adds to a counter of this CPU. Only where packets interrupt each other this is atomic, because
 * that costs more than the rest of the counting.
 */
static __always_inline void tg_count(__u64 *counter, __u64 n)
{
	if (policy.preemptible)
		__sync_fetch_and_add(counter, n);
	else
		*counter += n;
}

static __always_inline void tg_read_clocks(__u64 now[TG_CLOCKS])
{
	now[TG_CLOCK_PRECISE] = tg_now(TG_CLOCK_PRECISE);
	now[TG_CLOCK_COARSE] = tg_now(TG_CLOCK_COARSE);
}

static __always_inline __u32 tg_frame_length(__u32 length)
{
	__u32 made;

	if (!virtual_clock)
		return length;
	made = *(volatile __u32 *)&virtual_length; /* volatile, or it is read before virtual_clock
						      is tested */
	return made ? made : length;
}

#endif
