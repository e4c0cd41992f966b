/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests of applications: they charge the same buckets as packets, by the same functions. An
 * application may hold the program of a generation that is no longer in force, so each request
 * first checks that. A request that a change overtakes between the check and the charge charges by
 * the old rate, as a packet in flight does.
 */
#ifndef TG_APP_BPF_H
#define TG_APP_BPF_H

#include <tidegate/app.h>
#include "charge.bpf.h"

/*
 * True if this program's generation enforces. A daemon that gives its maps up has set the version
 * in `meta` to 0.
 */
static __always_inline bool tg_is_in_force(void)
{
	__u32 zero = 0, *bank = bpf_map_lookup_elem(&active, &zero);
	struct tg_meta *found = bpf_map_lookup_elem(&meta, &zero);

	return bank && found && *bank == policy.bank && found->abi_version == TG_ABI_VERSION &&
	       found->generation[tg_masked(policy.bank, TG_BANKS)] == policy.generation;
}

static __always_inline bool tg_app_names(const struct tg_limit_record *record,
					 const struct tg_app_request *app)
{
	const __u64 *a = (const __u64 *)record->name, *b = (const __u64 *)app->name;
	__u64 difference = 0;
	int i;

	for (i = 0; i < TG_LIMIT_NAME_SIZE / 8; i++)
		difference |= a[i] ^ b[i];
	return !difference;
}

static __always_inline void tg_app_find_limit(struct tg_app_request *app)
{
	struct tg_limit_record *record;
	__u32 slot;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++) {
		record = tg_record_of(policy.bank, slot);
		if (record && record->id && tg_app_names(record, app))
			break;
	}
	if (slot == TG_LIMITS_MAX)
		return;
	app->result = TG_APP_ADMITTED;
	app->limit_id = tg_limit_of(slot)->id;
	app->per = tg_limit_of(slot)->per;
	app->name_key[0] = policy.name_key[0];
	app->name_key[1] = policy.name_key[1];
}

/*
 * Allows root every limit, and others those with per: key. The mode of the pin says who may run
 * the program at all.
 */
static __always_inline bool tg_app_may_charge(const volatile struct tg_limit *limit)
{
	return limit->per == TG_PER_KEY || (__u32)bpf_get_current_uid_gid() == 0;
}

/* Counts the verdict. Atomic, because a packet on the same CPU may interrupt this program. */
static __always_inline void tg_app_count(__u32 slot, enum tg_verdict verdict, __u64 bytes)
{
	struct tg_limit_counters *counters = bpf_map_lookup_elem(&limit_counters, &slot);

	if (!counters)
		return;
	__sync_fetch_and_add(&counters->packets[verdict], 1);
	__sync_fetch_and_add(&counters->bytes[verdict], bytes);
}

/* Counts the outcome of a charge and writes it to the request. */
static __always_inline void tg_app_settle(struct tg_app_request *app,
					  struct tg_charge_request *request, int outcome)
{
	const volatile struct tg_limit *limit = tg_limit_of(request->slot);
	enum tg_verdict verdict = TG_VERDICT_DROPPED;

	if (outcome == TG_CHARGE_ADMITTED || outcome == TG_CHARGE_ADMITTED_OVERFLOW) {
		app->result = TG_APP_ADMITTED;
		verdict = request->departure ? TG_VERDICT_DELAYED : TG_VERDICT_ADMITTED;
	} else if (limit->shadow) {
		app->result = TG_APP_SHADOW;
		verdict = TG_VERDICT_SHADOW_EXCEEDED;
	} else {
		app->result = outcome == TG_CHARGE_CONTENDED ? TG_APP_CONTENDED : TG_APP_EXCEEDED;
	}
	app->departure = request->departure;
	tg_app_count(request->slot, verdict, limit->unit == TG_UNIT_BYTES ? app->cost : 0);
}

/*
 * Writes how the bucket stands now. After a charge this includes what others have charged since. A
 * key without a bucket has a full one.
 */
static __always_inline void tg_app_show_bucket(struct tg_app_request *app, struct tg_bucket *bucket,
					       struct tg_charge_request *request)
{
	const volatile struct tg_limit *limit = tg_limit_of(request->slot);
	struct tg_bucket_snapshot snapshot = {};

	app->now = request->now;
	app->has_bucket = bucket != NULL;
	if (!bucket || tg_read_bucket(request->state, request, &snapshot)) {
		__builtin_memcpy(&app->rate, (const void *)&limit->rate, sizeof(app->rate));
		return;
	}
	app->rate = *snapshot.rate;
	app->deficit = snapshot.deficit;
	app->penalty_until =
		tg_penalty_until(tg_read_penalty(request), request->slot, request->now);
}

static __always_inline void tg_app_charge(struct tg_app_request *app, __u32 slot)
{
	const struct tg_limit *limit = tg_limit_at(slot);
	struct tg_charge_request request = {.slot = slot, .cost = app->cost, .segments = 1};
	struct tg_address address = app->address;
	struct tg_bucket_key key = {};

	request.now = tg_now(limit->rate.clock);
	tg_whole_key(&key, limit, &address, app->is_ipv4);
	request.hash = tg_hash_of(&key);
	if (app->what == TG_APP_CHARGE)
		tg_app_settle(app, &request, tg_charge_key(&key, &request));
	tg_app_show_bucket(app, tg_bucket_of(&key, &request), &request);
	if (app->what != TG_APP_CHARGE)
		app->result = app->penalty_until || app->deficit + tg_units(&app->rate, app->cost) >
							    app->rate.capacity
				      ? TG_APP_EXCEEDED
				      : TG_APP_ADMITTED;
}

/*
 * Serves one request; @app->result says what came of it. @app may be the program's context: only
 * its first address may be passed to another function, and the stack has no room for a copy before
 * Linux 6.8.
 */
static __always_inline void tg_app_answer(struct tg_app_request *app)
{
	const volatile struct tg_limit *limit;
	__u32 slot;

	app->result = TG_APP_STALE;
	if (!tg_is_in_force())
		return;
	app->result = TG_APP_UNKNOWN;
	if (app->what == TG_APP_FIND) {
		tg_app_find_limit(app);
		return;
	}
	slot = TG_LIMIT_SLOT(app->limit_id);
	limit = tg_limit_of(slot);
	if (!app->limit_id || limit->id != app->limit_id || app->cost > TG_APP_COST_MAX)
		return;
	app->result = TG_APP_FORBIDDEN;
	if (!tg_app_may_charge(limit))
		return;
	app->result = TG_APP_NO_KEY;
	if (limit->per_port || limit->per_protocol)
		return;
	tg_app_charge(app, slot);
}

#endif
