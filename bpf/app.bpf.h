/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Applications that charge buckets as packets do: the same buckets, by the same functions. An
 * application may hold a program of a generation that is in force no longer, so each looks first
 * whether it still is; one that a change overtakes between the look and the charge charges by the
 * old rate, as a packet in flight does.
 */
#ifndef TG_APP_BPF_H
#define TG_APP_BPF_H

#include <tidegate/app.h>
#include "charge.bpf.h"

/* A daemon that gives its maps up has taken the version out of `meta`. */
static __always_inline bool tg_is_in_force(void)
{
	__u32 zero = 0, *bank = bpf_map_lookup_elem(&active, &zero);
	struct tg_meta *found = bpf_map_lookup_elem(&meta, &zero);

	return bank && found && *bank == policy.bank && found->abi_version == TG_ABI_VERSION &&
	       found->generation[policy.bank & 1] == policy.generation;
}

static __always_inline bool tg_is_named(const struct tg_limit_record *record,
					const struct tg_ask *ask)
{
	const __u64 *a = (const __u64 *)record->name, *b = (const __u64 *)ask->name;
	__u64 difference = 0;
	int i;

	for (i = 0; i < TG_LIMIT_NAME_SIZE / 8; i++)
		difference |= a[i] ^ b[i];
	return !difference;
}

static __always_inline void tg_find_limit(struct tg_ask *ask)
{
	struct tg_limit_record *record;
	__u32 slot;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++) {
		record = tg_record_of(policy.bank, slot);
		if (record && record->id && tg_is_named(record, ask))
			break;
	}
	if (slot == TG_LIMITS_MAX)
		return;
	ask->result = TG_ASK_ADMITTED;
	ask->limit_id = policy.limits[slot & (TG_LIMITS_MAX - 1)].id;
	ask->per = policy.limits[slot & (TG_LIMITS_MAX - 1)].per;
	ask->name_key[0] = policy.name_key[0];
	ask->name_key[1] = policy.name_key[1];
}

/* Who may charge at all is up to the pin's permissions. */
static __always_inline bool tg_may_ask(const volatile struct tg_limit *limit)
{
	return limit->per == TG_PER_KEY || (__u32)bpf_get_current_uid_gid() == 0;
}

static __always_inline void tg_key_of_ask(struct tg_bucket_key *key,
					  const volatile struct tg_limit *limit,
					  const struct tg_ask *ask)
{
	const volatile struct tg_address *mask = ask->is_ipv4 ? &limit->mask4 : &limit->mask6;

	key->address.high = ask->address.high & mask->high;
	key->address.low = ask->address.low & mask->low;
	key->limit_id = limit->id;
	key->kind = limit->per == TG_PER_KEY ? TG_KEY_NAME : TG_KEY_ADDRESS;
}

/* Atomic, since a packet may come on the same CPU meanwhile. */
static __always_inline void tg_count_ask(__u32 slot, enum tg_verdict verdict, __u64 bytes)
{
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &slot);

	if (!counters)
		return;
	__sync_fetch_and_add(&counters->packets[verdict], 1);
	__sync_fetch_and_add(&counters->bytes[verdict], bytes);
}

/* The outcome, as it is counted and answered. */
static __always_inline void tg_settle_ask(struct tg_ask *ask, struct tg_charge_request *request,
					  int outcome)
{
	const volatile struct tg_limit *limit = &policy.limits[request->slot & (TG_LIMITS_MAX - 1)];
	enum tg_verdict verdict = TG_VERDICT_DROPPED;

	if (outcome == TG_CHARGE_ADMITTED || outcome == TG_CHARGE_ADMITTED_OVERFLOW) {
		ask->result = TG_ASK_ADMITTED;
		verdict = request->departure ? TG_VERDICT_DELAYED : TG_VERDICT_ADMITTED;
	} else if (limit->shadow) {
		ask->result = TG_ASK_SHADOW;
		verdict = TG_VERDICT_SHADOW_EXCEEDED;
	} else {
		ask->result = outcome == TG_CHARGE_CONTENDED ? TG_ASK_CONTENDED : TG_ASK_EXCEEDED;
	}
	ask->departure = request->departure;
	tg_count_ask(request->slot, verdict, limit->unit == TG_UNIT_BYTES ? ask->cost : 0);
}

/*
 * How the bucket stands now. After a charge, somebody else may have charged it as well: then that
 * is in it too. One that is not there is full.
 */
static __always_inline void tg_show_bucket(struct tg_ask *ask, struct tg_bucket *bucket,
					   struct tg_charge_request *request)
{
	const volatile struct tg_limit *limit = &policy.limits[request->slot & (TG_LIMITS_MAX - 1)];
	struct tg_bucket_snapshot snapshot = {};

	ask->now = request->now;
	ask->has_bucket = bucket != NULL;
	if (!bucket || tg_read_bucket(request->state, request, &snapshot)) {
		__builtin_memcpy(&ask->rate, (const void *)&limit->rate, sizeof(ask->rate));
		return;
	}
	ask->rate = *snapshot.rate;
	ask->deficit = snapshot.deficit;
	ask->penalty_until =
		tg_penalty_until(tg_read_penalty(request), request->slot, request->now);
}

static __always_inline void tg_ask_limit(struct tg_ask *ask, __u32 slot)
{
	const volatile struct tg_limit *limit = &policy.limits[slot & (TG_LIMITS_MAX - 1)];
	struct tg_charge_request request = {.slot = slot, .cost = ask->cost, .segments = 1};
	struct tg_bucket_key key = {};

	request.now = tg_now(limit->rate.clock);
	tg_key_of_ask(&key, limit, ask);
	request.hash = tg_hash_of(&key);
	if (ask->what == TG_ASK_CHARGE)
		tg_settle_ask(ask, &request, tg_charge_key(&key, &request));
	tg_show_bucket(ask, tg_bucket_of(&key, &request), &request);
	if (ask->what != TG_ASK_CHARGE)
		ask->result =
			ask->penalty_until || ask->deficit + (ask->cost << (ask->rate.scale & 63)) >
						      ask->rate.capacity
				? TG_ASK_EXCEEDED
				: TG_ASK_ADMITTED;
}

/* @ask may be the program's context: of that, nothing here passes a pointer on that is not its
 * beginning, nor takes a copy, for which there is no room on the stack with Linux before 6.8. */
static __always_inline void tg_answer_ask(struct tg_ask *ask)
{
	const volatile struct tg_limit *limit;
	__u32 slot;

	ask->result = TG_ASK_STALE;
	if (!tg_is_in_force())
		return;
	ask->result = TG_ASK_UNKNOWN;
	if (ask->what == TG_ASK_FIND) {
		tg_find_limit(ask);
		return;
	}
	slot = TG_LIMIT_SLOT(ask->limit_id);
	limit = &policy.limits[slot];
	if (!ask->limit_id || limit->id != ask->limit_id || ask->cost > TG_ASK_COST_MAX)
		return;
	ask->result = TG_ASK_FORBIDDEN;
	if (!tg_may_ask(limit))
		return;
	ask->result = TG_ASK_NO_KEY;
	if (limit->per_port || limit->per_protocol)
		return;
	tg_ask_limit(ask, slot);
}

#endif
