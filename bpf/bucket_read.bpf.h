/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How a bucket stands at the moment of a charge, whatever rate its state was counted in. */
#ifndef TG_BUCKET_READ_BPF_H
#define TG_BUCKET_READ_BPF_H

#include <linux/errno.h>
#include <tidegate/gcra.h>
#include <tidegate/keyed_hash.h>
#include "classify.bpf.h"
#include "table.bpf.h"

/* What one packet asks of one limit, and what it gets. */
struct tg_charge_request {
	__u64 cost;    /* tokens */
	__u64 now;     /* ns, on the clock of the limit's rate */
	__u64 hash;    /* of the bucket's key, for the table */
	__u64 state;   /* of the bucket that is charged, as it was before, */
	__u64 penalty; /* and when it opens, as it was before that */
	__u32 number;  /* of its entry in the table */
	__u32 slot;
	__u32 segments;
	bool overflow;	   /* the bucket is one of those that sources share: no backoff */
	bool admitted_new; /* new_sources has given it a token */
	bool exchanged;	   /* of a shared limit: other nodes will hear of it */
	bool above;	   /* out: more than mark_above tokens are in use */
	__u64 departure;   /* out: ns on the same clock; 0 at once */
	__u64 report;	   /* out: tokens of a source that the daemon does not watch; 0 none */
};

static __always_inline __u64 tg_read_state(const struct tg_bucket *bucket)
{
	return *(const volatile __u64 *)&bucket->state;
}

/*
 * The bucket in entry @number, if it is the key's, and what it is to be charged by. In this order:
 * penalty, so that no refusal is forgotten that came after the state was read; the state, which
 * no swap finds again once the entry is another's; and the key.
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

/* By the hash that the request has. NULL: the key has no bucket. */
static __always_inline struct tg_bucket *tg_find_bucket(struct tg_bucket_key *key,
							struct tg_charge_request *request)
{
	__u32 found = tg_table_find(key, request->hash);

	return found ? tg_bucket_at(key, found - 1, request) : NULL;
}

/* The one that the key shares with others, likewise. */
static __always_inline struct tg_bucket *tg_overflow_bucket(const struct tg_bucket_key *key,
							    struct tg_charge_request *request)
{
	__u32 index = tg_overflow_index(policy.hash_key, key->limit_id, request->hash);
	struct tg_bucket *bucket = bpf_map_lookup_elem(&overflow, &index);

	if (bucket)
		request->state = tg_read_state(bucket);
	return bucket;
}

/* Out of line, since the verifier need look at its loop only once. */
__noinline __u64 tg_convert_deficit(__u64 deficit, __u64 to_capacity, __u64 from_capacity)
{
	return from_capacity ? tg_scale_up(deficit, to_capacity, from_capacity) : to_capacity;
}

/* How a bucket stands, in one rate: what a charge starts from. */
struct tg_bucket_snapshot {
	const struct tg_rate *rate;
	__u64 clock, deficit;
	__u64 surplus; /* units offered since it was full */
	__u64 from;    /* with `foreign`: capacity of the rate that the deficit is counted in */
	__u32 version;
	bool store;   /* even if refused: the state lies too far ahead to be true */
	bool foreign; /* the deficit is still counted in another rate */
};

/*
 * A bucket whose state was counted in another rate than this program's. One step newer:
 * the daemon is about to replace this program, which charges by the new rate as its
 * successor would. Anything else is older and is converted with the charge.
 */
static __noinline int tg_read_other_rate(__u64 state, struct tg_charge_request *request,
					 struct tg_bucket_snapshot *snapshot)
{
	const volatile struct tg_limit *limit = &policy.limits[request->slot & (TG_LIMITS_MAX - 1)];
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
	const volatile struct tg_limit *limit = &policy.limits[request->slot & (TG_LIMITS_MAX - 1)];
	const struct tg_rate *rate = (const struct tg_rate *)&limit->rate;

	if (tg_state_version(state) != limit->version) {
		if (tg_read_other_rate(state, request, snapshot))
			return -ENOENT;
		/* Here rather than there, where the stack would be the deepest of all. */
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
