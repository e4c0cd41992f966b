/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads how a bucket stands at the moment of a charge, whichever of the limit's rates its state
 * was counted in.
 */
#ifndef TG_BUCKET_READ_BPF_H
#define TG_BUCKET_READ_BPF_H

#include <linux/errno.h>
#include <tidegate/gcra.h>
#include <tidegate/keyed_hash.h>
#include "classify.bpf.h"
#include "table.bpf.h"

/* What a charge may do for a source that has no bucket of its own. */
enum tg_new_source {
	TG_NEW_INSERT,	 /* insert a bucket, or charge an overflow bucket if it may not have one */
	TG_NEW_ADMITTED, /* the same, and new_sources has given its token already */
	TG_NEW_OVERFLOW, /* no more than charge an overflow bucket if it may not have one */
	TG_NEW_SHARE,	 /* only charge an overflow bucket */
	TG_NEW_NOTHING,	 /* leave it to a later charge */
};

/*
 * What one packet asks of one limit's bucket, and what it gets. Fields marked "out" are results.
 */
struct tg_charge_request {
	__u64 cost;    /* tokens */
	__u64 now;     /* ns, on the clock of the limit's rate */
	__u64 hash;    /* of the bucket's key, as tg_hash_of() makes it */
	__u64 state;   /* the bucket's state that the charge is compared with */
	__u64 penalty; /* the bucket's penalty, read before the state */
	__u32 number;  /* of the bucket's entry in the table */
	__u32 slot;
	__u32 segments;
	bool overflow;	 /* the bucket is an overflow bucket: no backoff */
	__u8 new_source; /* enum tg_new_source */
	bool exchanged;	 /* other nodes will hear of this charge */
	bool above;	 /* out: more than mark_above tokens are in use */
	__u64 departure; /* out: ns on the same clock; 0 at once */
	__u64 report; /* out: tokens to report for a source that the daemon does not watch; 0 none
		       */
};

static __always_inline __u64 tg_read_state(const struct tg_bucket *bucket)
{
	return *(const volatile __u64 *)&bucket->state;
}

/*
 * Returns the bucket in entry @number if its key is @key, with its number, penalty and state in
 * @request; else NULL. The order of the loads matters. The penalty comes first, so that clearing
 * it never drops a penalty set after the state was read. (On arm64 these two may swap, which is
 * harmless, because a penalty just set has not ended.) The state comes second: no swap succeeds
 * on it once the entry has gone to another key. The key comes last.
 */
static __always_inline struct tg_bucket *tg_bucket_at(const struct tg_bucket_key *key, __u32 number,
						      struct tg_charge_request *request)
{
	struct tg_table_entry *entry = tg_table_entry_at(number);
	struct tg_bucket *bucket;

	if (!entry)
		return NULL;
	bucket = &entry->bucket;
	request->penalty = *(const volatile __u64 *)&bucket->penalty;
	request->state = tg_read_state(bucket);
	request->number = number;
	return tg_is_key(tg_table_entry_after(entry, request->state), key) ? bucket : NULL;
}

/* Returns the bucket of @key, by request->hash, or NULL if the key has none. */
static __always_inline struct tg_bucket *tg_find_bucket(struct tg_bucket_key *key,
							struct tg_charge_request *request)
{
	__u32 found = tg_table_find(key, request->hash);

	return found ? tg_bucket_at(key, found - 1, request) : NULL;
}

/* Returns the overflow bucket of @key, or NULL, and its state in @request. */
static __always_inline struct tg_bucket *tg_overflow_bucket(const struct tg_bucket_key *key,
							    struct tg_charge_request *request)
{
	__u32 index = tg_overflow_index(policy.hash_key, key->limit_id, request->hash);
	struct tg_bucket *bucket = bpf_map_lookup_elem(&overflow, &index);

	if (bucket)
		request->state = tg_read_state(bucket);
	return bucket;
}

/*
 * Converts a deficit to another capacity. A global function, so that the verifier walks its
 * branches once.
 */
__noinline __u64 tg_convert_deficit(__u64 deficit, __u64 to_capacity, __u64 from_capacity)
{
	return tg_gcra_scale(deficit, to_capacity, from_capacity);
}

/* How a bucket stands, in one rate: what a charge starts from. */
struct tg_bucket_snapshot {
	const struct tg_rate *rate;
	__u64 clock, deficit;
	__u64 surplus; /* units offered since the bucket was full */
	__u64 from; /* with `foreign`: the capacity of the rate in which the deficit is counted */
	__u32 version;
	bool store;   /* store the state even if refused: it lies too far ahead to be true */
	bool foreign; /* the deficit is still counted in the rate of `from` */
};

/*
 * Reads a bucket whose state was counted in another rate than this program's. If that rate is one
 * version newer, the daemon is about to replace this program, and the charge uses the new rate as
 * the next program would. An older rate is converted with the charge. Returns 0 or -ENOENT: the
 * bucket must not be charged.
 */
static __noinline int tg_read_other_rate(__u64 state, struct tg_charge_request *request,
					 struct tg_bucket_snapshot *snapshot)
{
	const volatile struct tg_limit *limit = tg_limit_of(request->slot);
	struct tg_limit_record *record = tg_record_of(policy.bank, request->slot);
	__u32 version = tg_state_version(state);
	struct tg_rate *other;
	__u64 clock, deficit;

	if (!record || version >= TG_RATE_VERSIONS)
		return -ENOENT;
	other = &record->rates[version];
	clock = tg_gcra_clock(other, tg_now(other->clock));
	deficit = tg_gcra_deficit(other, state, clock);
	snapshot->store = false;
	snapshot->foreign = false;
	snapshot->surplus = deficit ? 0 : other->capacity;
	if (version == (limit->version + 1) % TG_RATE_VERSIONS) {
		snapshot->rate = other;
		snapshot->version = version;
		snapshot->clock = clock;
		snapshot->deficit = deficit;
		return 0;
	}
	snapshot->rate = (const struct tg_rate *)&limit->rate;
	snapshot->version = limit->version;
	snapshot->clock = tg_gcra_clock((const struct tg_rate *)&limit->rate, request->now);
	snapshot->deficit = deficit;
	snapshot->from = other->capacity;
	snapshot->foreign = true;
	return 0;
}

static __always_inline int tg_read_bucket(__u64 state, struct tg_charge_request *request,
					  struct tg_bucket_snapshot *snapshot)
{
	const volatile struct tg_limit *limit = tg_limit_of(request->slot);
	const struct tg_rate *rate = (const struct tg_rate *)&limit->rate;

	if (tg_state_version(state) != limit->version) {
		if (tg_read_other_rate(state, request, snapshot))
			return -ENOENT;
		/* Converts here and not in tg_read_other_rate(), whose stack ties for the deepest.
		 */
		if (snapshot->foreign)
			snapshot->deficit = tg_convert_deficit(snapshot->deficit, rate->capacity,
							       snapshot->from);
		return 0;
	}
	snapshot->rate = rate;
	snapshot->version = limit->version;
	snapshot->clock = tg_gcra_clock(rate, request->now);
	snapshot->deficit = tg_gcra_deficit(rate, state, snapshot->clock);
	snapshot->surplus = snapshot->deficit ? 0 : -tg_gcra_lead(state, snapshot->clock);
	snapshot->store = tg_gcra_implausible(rate, state, snapshot->clock);
	return 0;
}

#endif
