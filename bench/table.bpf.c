// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where buckets could be kept: a hash table, an LRU, a fixed sketch. The same bucket (gcra.h) in
 * each, the same packets; each run of the program is one packet, made up from a counter, at a
 * virtual time. bench/table.c sets it up and prints what came out.
 */
#include <linux/errno.h>
#include "table.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <tidegate/gcra.h>
#include <tidegate/keyed_hash.h>

const volatile __u32 contestant = TABLE_NOTHING;
const volatile __u64 secret[2] = {};

struct table_run run = {};
__u64 gate = 0;

struct bucket {
	__u64 state;
	__u64 seen;
};

/* Its type and flags are set before it is loaded. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, TABLE_SIZE);
	__type(key, struct tg_bucket_key);
	__type(value, struct bucket);
} table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_OVERFLOW_PER_LIMIT);
	__type(key, __u32);
	__type(value, struct bucket);
} overflow SEC(".maps");

/*
 * After Knot DNS's KRU: a cache line is a set of counters, a source may stand in either of two
 * sets, and one that stands in neither takes over the counter that is least in debt, debt included.
 */
struct set {
	struct {
		__u32 tag;
		__u32 tat; /* ms */
	} counters[TABLE_WAYS];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TABLE_SIZE / TABLE_WAYS);
	__type(key, __u32);
	__type(value, struct set);
} sketch SEC(".maps");

static __always_inline bool charge_state(__u64 *state, const struct tg_rate *by)
{
	__u64 old = *(volatile __u64 *)state, clock = tg_gcra_clock(by, run.now), deficit;

	deficit = old ? tg_gcra_deficit(by, old, clock) : 0;
	if (!tg_gcra_charge(by, &deficit, 1))
		return false;
	return __sync_val_compare_and_swap(state, old, tg_gcra_state(deficit, clock, 0)) == old;
}

static __always_inline bool charge_overflow(struct tg_bucket_key *key)
{
	__u32 index = tg_key_hash(secret, key) & (TG_OVERFLOW_PER_LIMIT - 1);
	struct bucket *bucket = bpf_map_lookup_elem(&overflow, &index);

	return bucket && charge_state(&bucket->state, &run.rate);
}

static __always_inline bool charge_table(struct tg_bucket_key *key)
{
	struct bucket *bucket = bpf_map_lookup_elem(&table, key), fresh = {.seen = 1};

	if (bucket) {
		bucket->seen++;
		return charge_state(&bucket->state, &run.rate);
	}
	if (contestant == TABLE_GATED && !charge_state(&gate, &run.gate_rate))
		return charge_overflow(key);
	if (run.full_at == run.now >> TABLE_TICK_SHIFT)
		return charge_overflow(key);
	charge_state(&fresh.state, &run.rate);
	if (!bpf_map_update_elem(&table, key, &fresh, BPF_NOEXIST))
		return true;
	run.full_at = run.now >> TABLE_TICK_SHIFT;
	return charge_overflow(key);
}

static __always_inline bool charge_counter(__u32 *tat, __u32 now)
{
	__u32 from = (__s32)(*tat - now) > 0 ? *tat : now;

	if (from + TABLE_TOKEN_MS - now > TABLE_CAPACITY * TABLE_TOKEN_MS)
		return false;
	*tat = from + TABLE_TOKEN_MS;
	return true;
}

static __always_inline bool charge_sketch(struct tg_bucket_key *key)
{
	__u64 hash = tg_key_hash(secret, key);
	__u32 now = run.now / 1000000, tag = hash >> 32, indices[2], *least = NULL,
	      *least_tag = NULL;
	struct set *set;
	int i, way;

	indices[0] = hash & (TABLE_SIZE / TABLE_WAYS - 1);
	indices[1] = hash >> 16 & (TABLE_SIZE / TABLE_WAYS - 1);
	for (i = 0; i < 2; i++) {
		set = bpf_map_lookup_elem(&sketch, &indices[i]);
		if (!set)
			return false;
		for (way = 0; way < TABLE_WAYS; way++) {
			if (set->counters[way].tag == tag)
				return charge_counter(&set->counters[way].tat, now);
			if (!least || (__s32)(set->counters[way].tat - *least) < 0) {
				least = &set->counters[way].tat;
				least_tag = &set->counters[way].tag;
			}
		}
	}
	if (!least || !least_tag)
		return false;
	*least_tag = tag;
	return charge_counter(least, now);
}

static __always_inline __u32 make_up(__u32 *source)
{
	__u64 n = run.packets++;

	run.now += run.gap;
	if (run.pattern == TABLE_IN_TURN) {
		*source = run.next++;
		if (run.next >= run.sources)
			run.next = 0;
		return TABLE_HONEST;
	}
	if (run.pattern == TABLE_FLOOD && n % run.share < 2) {
		*source = n / run.share % TABLE_HONEST_SOURCES;
		if (n % run.share == 0)
			return TABLE_HONEST;
		/* Newcomers come when the flood is under way. */
		if (n > run.newcomers_from) {
			*source += TABLE_HONEST_SOURCES;
			return TABLE_NEWCOMER;
		}
	}
	*source = 0x1000000 + run.spoofed++ / run.twice;
	return TABLE_SPOOFED;
}

SEC("xdp")
int charge(struct xdp_md *ctx)
{
	struct tg_bucket_key key = {};
	__u32 source, class = make_up(&source);
	bool admitted = true;

	key.address.low = bpf_cpu_to_be64(0xffff00000000ULL | source);
	if (contestant == TABLE_SKETCH)
		admitted = charge_sketch(&key);
	else if (contestant != TABLE_NOTHING)
		admitted = charge_table(&key);
	if (class < TABLE_CLASSES) {
		run.sent[class]++;
		run.admitted[class] += admitted;
	}
	return XDP_DROP;
}

static long sweep_one(void *map, struct tg_bucket_key *key, struct bucket *bucket, void *data)
{
	const struct tg_rate *by = &run.rate;
	__u64 idle = bucket->seen > 1 ? TABLE_KNOWN_IDLE : 0;
	struct tg_bucket_key copy = *key;

	if (tg_gcra_idle(by, bucket->state, tg_gcra_clock(by, run.now), idle))
		bpf_map_delete_elem(&table, &copy);
	return 0;
}

SEC("syscall")
int sweep(void *ctx)
{
	bpf_for_each_map_elem(&table, sweep_one, NULL, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
