// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Where buckets could be kept: our table, the kernel's hash table, an LRU, a fixed sketch. The same
 * bucket (gcra.h) in each, the same packets; each run of the program is one packet, made up from a
 * counter, at a virtual time. bench/table.c sets it up and prints what came out.
 */
#include <linux/errno.h>
#include "table_contestants.h"
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>
#include <tidegate/gcra.h>
#include <tidegate/keyed_hash.h>
#include <tidegate/sweep.h>

const volatile __u32 contestant = TABLE_NOTHING;
const volatile __u32 size = TABLE_WAYS; /* buckets */
const volatile __u64 secret[2] = {};
const volatile struct table_policy policy = {};

struct table_run run = {};
__u64 admission = 0;

/* The maps are made larger, for whom they are, before it is loaded; its type and flags are set,
 * too. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 1);
	__type(key, struct tg_bucket_key);
	__type(value, struct tg_bucket);
} hash_table SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, TG_OVERFLOW_PER_LIMIT);
	__type(key, __u32);
	__type(value, struct tg_bucket);
} overflow SEC(".maps");

#include "table_update.bpf.h"

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
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct set);
} sketch SEC(".maps");

static __always_inline bool charge_state(__u64 *state, const struct tg_rate *by)
{
	__u64 old = *(volatile __u64 *)state, next;

	return tg_gcra_take(by, old, tg_gcra_clock(by, run.now), &next) &&
	       __sync_val_compare_and_swap(state, old, next) == old;
}

static __always_inline bool charge_bucket(struct tg_bucket *bucket)
{
	bool admitted = charge_state(&bucket->state, &run.rate);

	if (admitted)
		bucket->admitted++;
	else
		bucket->exceeded++;
	return admitted;
}

static __always_inline bool charge_overflow(struct tg_bucket_key *key, __u64 hash)
{
	__u32 index = tg_overflow_index(secret, key->limit_id, hash);
	struct tg_bucket *bucket = bpf_map_lookup_elem(&overflow, &index);

	return bucket && charge_bucket(bucket);
}

static __always_inline bool insert(struct tg_bucket_key *key, __u64 hash)
{
	struct tg_bucket fresh = {.admitted = 1};
	__u64 deficit = 0;

	tg_gcra_charge(&run.rate, &deficit, 1);
	fresh.state = tg_gcra_state(deficit, tg_gcra_clock(&run.rate, run.now), 0);
	if (table_is_ours(contestant))
		return tg_table_insert(key, hash, fresh.state, fresh.admitted) > 0;
	return !bpf_map_update_elem(&hash_table, key, &fresh, BPF_NOEXIST);
}

static __always_inline bool charge_new_source(struct tg_bucket_key *key, __u64 hash)
{
	__u64 tick = run.now >> TABLE_TICK_SHIFT;

	if (run.full_at == tick)
		return charge_overflow(key, hash);
	if (contestant == TABLE_ADMISSION && !charge_state(&admission, &run.admission_rate))
		return charge_overflow(key, hash);
	if (insert(key, hash))
		return true;
	run.full_at = tick;
	return charge_overflow(key, hash);
}

/* @found: as the table's searches have it. Nobody takes an entry away in between. */
static __always_inline struct tg_bucket *bucket_at(const struct tg_bucket_key *key, __u32 found)
{
	struct tg_table_entry *entry = found ? tg_table_entry_at(found - 1) : NULL;

	return entry && tg_is_key(entry, key) ? &entry->bucket : NULL;
}

static __always_inline bool charge_ours(struct tg_bucket_key *key)
{
	__u64 hash = tg_hash_of(key);
	struct tg_bucket *bucket = bucket_at(key, tg_table_find_first(hash));

	if (bucket)
		return charge_bucket(bucket);
	bucket = bucket_at(key, tg_table_find(key, hash));
	return bucket ? charge_bucket(bucket) : charge_new_source(key, hash);
}

static __always_inline bool charge_hash(struct tg_bucket_key *key)
{
	struct tg_bucket *bucket = bpf_map_lookup_elem(&hash_table, key);

	/* The kernel does not tell its hash; only HASH has overflow buckets that need one. */
	return bucket ? charge_bucket(bucket)
		      : charge_new_source(key, contestant == TABLE_HASH ? tg_hash_of(key) : 0);
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

	indices[0] = hash & (size / TABLE_WAYS - 1);
	indices[1] = hash >> 16 & (size / TABLE_WAYS - 1);
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
		*source = run.next;
		run.next += run.stride;
		if (run.next >= run.sources)
			run.next -= run.sources;
		return TABLE_HONEST;
	}
	if (run.pattern == TABLE_FLOOD && n % run.share < 2) {
		*source = n / run.share % TABLE_HONEST_SOURCES;
		if (n % run.share == 0)
			return TABLE_HONEST;
		/* New sources come when the flood is under way. */
		if (n > run.new_sources_from) {
			*source += TABLE_HONEST_SOURCES;
			return TABLE_NEW_SOURCE;
		}
	}
	*source = 0x1000000 + run.spoofed++ / run.twice;
	return TABLE_SPOOFED;
}

SEC("xdp")
int charge(struct xdp_md *ctx)
{
	struct tg_bucket_key key = {.limit_id = TG_LIMITS_MAX}; /* the first id of slot 0 */
	__u32 source, class = make_up(&source);
	bool admitted = true;

	key.address.low = bpf_cpu_to_be64(0xffff00000000ULL | source);
	if (contestant == TABLE_SKETCH)
		admitted = charge_sketch(&key);
	else if (table_is_ours(contestant))
		admitted = charge_ours(&key);
	else if (contestant != TABLE_NOTHING)
		admitted = charge_hash(&key);
	if (class < TABLE_CLASSES) {
		run.sent[class]++;
		run.admitted[class] += admitted;
	}
	return XDP_DROP;
}

static __always_inline bool is_idle(const struct tg_bucket *bucket)
{
	const struct tg_rate *by = &run.rate;

	return tg_gcra_idle(by, bucket->state, run.now,
			    tg_source_age_of(bucket) == TG_RETURNING ? TABLE_KNOWN_IDLE : 0);
}

static long sweep_line(void *map, __u32 *index, union tg_table_line *line, void *data)
{
	struct tg_table_entry *entry = &line->entry;
	struct tg_bucket_key key;

	if (*index < policy.table.first_entry)
		return 0;
	if (*index >= policy.table.first_share)
		return 1;
	key = entry->key;
	if (!key.limit_id || !is_idle(&entry->bucket))
		return 0;
	entry->bucket.state = TG_BUCKET_DEAD;
	tg_table_remove(&key, *index - policy.table.first_entry);
	return 0;
}

static long sweep_element(void *map, struct tg_bucket_key *key, struct tg_bucket *bucket,
			  void *data)
{
	struct tg_bucket_key copy = *key;

	if (is_idle(bucket))
		bpf_map_delete_elem(&hash_table, &copy);
	return 0;
}

SEC("syscall")
int sweep(void *ctx)
{
	if (table_is_ours(contestant))
		bpf_for_each_map_elem(&buckets, sweep_line, NULL, 0);
	else if (contestant == TABLE_HASH)
		bpf_for_each_map_elem(&hash_table, sweep_element, NULL, 0);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
