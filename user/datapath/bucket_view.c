// SPDX-License-Identifier: GPL-2.0-or-later
/* Computes what is left in a bucket and how long until it has more, and fills fresh buckets. */
#include <bpf/bpf.h>
#include <errno.h>
#include <tidegate/gcra.h>
#include <tidegate/refill_time.h>

#include "datapath/bucket_view.h"
#include "base/clock.h"
#include "kernel/packet_clock.h"

#define TG_FULL_FRAME 1514 /* bytes: the packet of retry_after, if a limit counts bytes */

uint64_t tg_bucket_full_state(const struct tg_rate *rate, uint32_t version)
{
	return tg_gcra_state(0, tg_gcra_clock(rate, tg_clock_read(rate->clock)), version);
}

int tg_buckets_clear_fresh(const struct tg_program *program, const struct tg_compiled *compiled)
{
	int overflow = tg_program_map_fd(program, TG_MAP_OVERFLOW);
	int counters = tg_program_map_fd(program, TG_MAP_LIMIT_COUNTERS);
	struct tg_bucket full = {};
	uint32_t slot, i, index;
	const struct tg_rate *rate;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++) {
		if (!(compiled->fresh >> slot & 1))
			continue;
		rate = &compiled->records[slot].rates[0];
		full.state = tg_bucket_full_state(rate, 0);
		for (i = 0; i < TG_OVERFLOW_PER_LIMIT; i++) {
			index = slot * TG_OVERFLOW_PER_LIMIT + i;
			if (bpf_map_update_elem(overflow, &index, &full, BPF_ANY))
				return -errno;
		}
		if (tg_program_zero(counters, slot, sizeof(struct tg_limit_counters)))
			return -errno;
	}
	return 0;
}

/* Returns the units missing at @now, converted to the current rate of the record. */
static uint64_t deficit_at(const struct tg_limit_record *record, uint64_t state,
			   const uint64_t now[TG_CLOCKS])
{
	const struct tg_rate *to = &record->rates[record->version];
	uint32_t version = tg_state_version(state);
	const struct tg_rate *from = &record->rates[version];
	uint64_t deficit;

	if (version >= TG_RATE_VERSIONS)
		return 0; /* being removed, so full */
	deficit = tg_gcra_deficit(from, state, tg_gcra_clock(from, now[from->clock]));
	return version == record->version ? deficit : tg_gcra_convert(from, to, deficit);
}

static uint64_t time_until(const struct tg_rate *rate, uint64_t units, uint64_t now, uint64_t tick)
{
	if (!units)
		return 0;
	return tg_rate_time_until(rate, units, now) + (rate->clock == TG_CLOCK_COARSE ? tick : 0);
}

/*
 * A bucket under a penalty refuses whatever it holds. As in tg_penalty_until(), a penalty that ends
 * later than the longest one possible does not count.
 */
static void measure_backoff(const struct tg_bucket *bucket, uint64_t now, uint64_t tick,
			    struct tg_bucket_view *view)
{
	uint64_t until = TG_PENALTY_UNTIL(bucket->penalty);
	bool penalized = until > now && until - now <= view->backoff_max + tick;

	if (!view->backoff_max || (view->reset_ns == 0 && !penalized))
		return; /* full again, though no packet has cleared the attempts yet */
	view->attempt = bucket->penalty & TG_PENALTY_ATTEMPTS;
	if (!penalized)
		return;
	view->state = TG_BUCKET_BACKOFF;
	view->backoff_ns = until - now + tick;
	view->remaining = 0;
	if (view->retry_after_ns < view->backoff_ns)
		view->retry_after_ns = view->backoff_ns;
	if (view->reset_ns < view->backoff_ns)
		view->reset_ns = view->backoff_ns;
}

void tg_bucket_measure(const struct tg_limit_record *record, const struct tg_bucket *bucket,
		       uint64_t tick, struct tg_bucket_view *view)
{
	const struct tg_rate *rate = &record->rates[record->version];
	uint64_t precise = tg_now_ns();
	uint64_t now[TG_CLOCKS] = {precise, tg_clock_read(TG_CLOCK_COARSE)};
	uint64_t exact[TG_CLOCKS] = {precise, precise};
	uint64_t seen = deficit_at(record, bucket->state, now); /* by the clock of the packets */
	uint64_t deficit = deficit_at(record, bucket->state, exact);
	uint64_t cost = 1, needed;

	view->capacity = rate->capacity >> rate->scale;
	view->remaining =
		(rate->capacity - (seen < rate->capacity ? seen : rate->capacity)) >> rate->scale;
	if (view->unit == TG_CONFIG_BYTES)
		cost = view->capacity < TG_FULL_FRAME ? view->capacity : TG_FULL_FRAME;
	view->state = view->remaining >= cost ? TG_BUCKET_OPEN : TG_BUCKET_EXCEEDED;
	needed = deficit + tg_units(rate, cost);
	needed = needed > rate->capacity ? needed - rate->capacity : 0;
	view->retry_after_ns = time_until(rate, needed, precise, tick);
	if (view->state == TG_BUCKET_OPEN)
		view->retry_after_ns = 0;
	else if (!needed) /* the coarse clock is about to show it */
		view->retry_after_ns = tick;
	view->reset_ns = time_until(rate, deficit, precise, tick);
	measure_backoff(bucket, now[rate->clock], rate->clock == TG_CLOCK_COARSE ? tick : 0, view);
	view->admitted = bucket->admitted;
	view->exceeded = bucket->exceeded;
	view->exceeded_ago_ns = UINT64_MAX;
	if (bucket->exceeded_at)
		view->exceeded_ago_ns =
			precise > bucket->exceeded_at ? precise - bucket->exceeded_at : 0;
}
