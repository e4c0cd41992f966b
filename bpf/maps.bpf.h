/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every map and setting of the packet programs. Pinned maps live from
 * one program generation to the next; the others belong to one generation.
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

#define TG_ANSWER_SOURCES 4096 /* buckets; sources that meet in one get fewer answers */
#define TG_ANSWER_DATA                                                                             \
	512 /* bytes behind the IP header; as many as a checksum is taken of at once */

#define TG_EVENTS_BYTES	 (256 * 1024)
#define TG_REPORTS_BYTES (64 * 1024)

/* An answer, or what its checksum is taken of, from the IP header on. */
struct tg_answer {
	__u8 header[40]; /* IPv6; IPv4 in the last 20 bytes */
	__u8 data[TG_ANSWER_DATA +
		  12]; /* and room for an ICMP header and to fill the last word up */
};

/* The compiled policy. Settings need an initialiser, or they land in .bss. */
const volatile struct tg_policy policy = {};

/*
 * For tests and simulations: time stands in virtual_now, by enum tg_clock, instead of in the
 * kernel's clocks, virtual_length is that of a frame of which not all is there (0: all is), and
 * what becomes of the packet is told in `trace`. Without, none of this is in the loaded program.
 */
const volatile bool virtual_clock = false;
__u64 virtual_now[TG_CLOCKS] = {};
__u32 virtual_length = 0;
struct tg_trace trace = {};

/* The coarse clock when the table last had no room. */
__u64 table_full_at = 0;

/* Pinned. TG_OVERFLOW_PER_LIMIT for each slot, for sources that found the table full. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_LIMITS_MAX *TG_OVERFLOW_PER_LIMIT);
	__type(key, __u32);
	__type(value, struct tg_bucket);
} overflow SEC(".maps");

/* Pinned. By bank and slot. The daemon writes it before the programs that need it go live. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_BANKS *TG_LIMITS_MAX);
	__type(key, __u32);
	__type(value, struct tg_limit_record);
} records SEC(".maps");

/* Pinned. By bank and slot, like the records: what new_sources allows. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_BANKS *TG_LIMITS_MAX);
	__type(key, __u32);
	__type(value, struct tg_admission);
} gates SEC(".maps");

/* Pinned. The bank that enforces: a store here puts a policy in force everywhere at once. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_MMAPABLE);
	__type(key, __u32);
	__type(value, __u32);
} active SEC(".maps");

/* Pinned. By bank: the packet program of the generation that stands there. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TG_BANKS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} generations SEC(".maps");

/* Pinned. Likewise, for TC: by TG_TC_PROGRAM. */
struct {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, TG_TC_PROGRAMS);
	__uint(key_size, sizeof(__u32));
	__uint(value_size, sizeof(__u32));
} tc_generations SEC(".maps");

/* Pinned. It tells a later daemon what it has found, and the applications' program whether it is of
 * today.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tg_meta);
} meta SEC(".maps");

/* Pinned. Hook and interface index, folded, to the entry in interface_counters; 0 is for strangers.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_HOOKS *TG_IFINDEX_SLOTS);
	__type(key, __u32);
	__type(value, __u32);
} attachments SEC(".maps");

/* Pinned. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TG_ATTACHMENTS_MAX);
	__type(key, __u32);
	__type(value, struct tg_interface_counters);
} interface_counters SEC(".maps");

/* Pinned. By slot. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, TG_LIMITS_MAX);
	__type(key, __u32);
	__type(value, struct tg_limit_counters);
} limit_counters SEC(".maps");

/* Pinned. Dynamic allow and deny entries. The daemon writes them. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, TG_ENTRIES_MAX);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tg_lpm_key);
	__type(value, struct tg_entry);
} entries SEC(".maps");

/* Pinned. Written before the first entry comes and after the last is gone. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tg_entries_state);
} entries_state SEC(".maps");

/* Pinned. Samples of what exceeded, for the daemon; with none, it fills up once and stays so. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TG_EVENTS_BYTES);
} events SEC(".maps");

/* Pinned. By slot: how shared limits are enforced. The daemon writes it. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_LIMITS_MAX);
	__type(key, __u32);
	__type(value, struct tg_share_state);
} shares SEC(".maps");

/* Pinned. Sources of shared limits that the daemon does not watch. */
struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, TG_REPORTS_BYTES);
} reports SEC(".maps");

/* What the debit program is to charge. The daemon writes it before each run, and reads it after.
 */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_DEBITS_MAX);
	__type(key, __u32);
	__type(value, struct tg_debit);
} debits SEC(".maps");

/* The entries of the table that the reclaiming program is to look at. The daemon writes it before
 * each run. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_CANDIDATES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} candidates SEC(".maps");

/* By value, host byte order: the limits whose condition on the field it meets. */
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

/* By address: the limits whose condition on it the longest prefix around it meets. */
struct tg_address_map {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tg_lpm_key);
	__type(value, __u64);
};

struct tg_address_map sources SEC(".maps");
struct tg_address_map destinations SEC(".maps");

/* Allow and deny lists of the configuration. A miss is neither. */
struct {
	__uint(type, BPF_MAP_TYPE_LPM_TRIE);
	__uint(max_entries, 1);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, struct tg_lpm_key);
	__type(value, struct tg_listed);
} lists SEC(".maps");

/* How often rejected packets were answered: states of buckets, by source and, last, of all. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_ANSWER_SOURCES + 1);
	__type(key, __u32);
	__type(value, __u64);
} answers SEC(".maps");

/* Where an answer is put together; larger than a program's stack allows. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct tg_answer);
} answer_memory SEC(".maps");

/*
 * The policy, of which the compiler does not see that it is still all zeros: so it need not be
 * volatile, and is read where it is needed and no more than once.
 */
static __always_inline const struct tg_policy *tg_settings(void)
{
	const struct tg_policy *settings = (const struct tg_policy *)&policy;

	asm("" : "+r"(settings));
	return settings;
}

/* The address in a register; it would else be reckoned anew for each setting. */
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
	if (virtual_clock)
		return virtual_now[clock & 1];
#ifdef TG_ONLY_PRECISE_CLOCK
	return bpf_ktime_get_ns();
#endif
	if (clock != TG_CLOCK_COARSE)
		return bpf_ktime_get_ns();
	return bpf_jiffies64() * policy.tick + policy.tick_begin;
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
	made = *(volatile __u32 *)&virtual_length; /* or it is read before it is asked for */
	return made ? made : length;
}

#endif
