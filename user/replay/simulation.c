// SPDX-License-Identifier: GPL-2.0-or-later
/* Runs frames through a policy and counts what each limit did to each source. */
#include "replay/simulation.h"

#include <errno.h>
#include <string.h>

#define REFUSING(trace)                                                                            \
	((trace)->limits[TG_VERDICT_DROPPED] | (trace)->limits[TG_VERDICT_REJECTED] |              \
	 (trace)->limits[TG_VERDICT_SHADOW_EXCEEDED])
#define ADMITTING(trace)                                                                           \
	((trace)->limits[TG_VERDICT_ADMITTED] | (trace)->limits[TG_VERDICT_MARKED] |               \
	 (trace)->limits[TG_VERDICT_DELAYED])

int tg_simulation_open(struct tg_simulation *simulation, const struct tg_config *config,
		       enum tg_hook hook, uint32_t mtu, char *errmsg)
{
	simulation->merged = (struct tg_merged){.mtu = mtu, .keep_whole = hook != TG_HOOK_XDP};
	simulation->config = config;
	simulation->hook = hook;
	return tg_replay_open(config, hook, &simulation->replay, errmsg);
}

static bool is_ipv4(const struct tg_address *address)
{
	return !address->high && (be64toh(address->low) >> 32) == 0xffff;
}

/* Makes the key of a source: its prefix if the limit counts by source, else its address. */
static void outcome_key(const struct tg_simulation *simulation, uint32_t slot,
			const struct tg_trace *trace, struct tg_outcome_key *key)
{
	const struct tg_limit *limit = &tg_replay_compiled(simulation->replay)->policy.limits[slot];
	const struct tg_address *mask = is_ipv4(&trace->source) ? &limit->mask4 : &limit->mask6;

	key->slot = slot;
	key->address = trace->source;
	if (limit->per != TG_PER_SOURCE)
		return;
	key->address.high &= mask->high;
	key->address.low &= mask->low;
}

static int count_limits(struct tg_simulation *simulation, const struct tg_trace *trace,
			uint64_t now)
{
	uint64_t refusing = REFUSING(trace), left = refusing | ADMITTING(trace);
	struct tg_outcome_key key;
	uint32_t slot;
	bool refused;
	int error;

	for (; left; left &= left - 1) {
		slot = __builtin_ctzll(left);
		refused = refusing >> slot & 1;
		outcome_key(simulation, slot, trace, &key);
		error = tg_outcomes_count(&simulation->sources, &key, refused, trace->segments,
					  trace->bytes, now);
		if (error)
			return error;
		if (!refused)
			continue;
		if (!simulation->first_refused[slot])
			simulation->first_refused[slot] = now;
		simulation->last_refused[slot] = now;
	}
	return 0;
}

static int run_frame(struct tg_simulation *simulation, const struct tg_frame *frame, char *errmsg)
{
	uint32_t segments = frame->segments ? frame->segments : 1;
	struct tg_trace trace;
	uint64_t now;
	int error = tg_replay_frame(simulation->replay, frame, &now, &trace);

	if (!error)
		error = count_limits(simulation, &trace, now);
	if (error)
		return tg_error_set(errmsg, error == -ENOMEM ? error : -EIO,
				    "cannot run packet %llu: %s",
				    (unsigned long long)simulation->packets + 1, strerror(-error));
	if (!simulation->packets)
		simulation->first = now;
	simulation->last = now;
	simulation->packets += segments;
	simulation->bytes += segments > 1 ? trace.bytes : frame->length;
	return 0;
}

int tg_simulation_packet(struct tg_simulation *simulation, const struct tg_frame *frame,
			 char *errmsg)
{
	const struct tg_frame *sent;
	int error = 0;

	tg_merged_take(&simulation->merged, frame);
	while (!error && (sent = tg_merged_next(&simulation->merged)))
		error = run_frame(simulation, sent, errmsg);
	return error;
}

void tg_simulation_close(struct tg_simulation *simulation)
{
	tg_replay_close(&simulation->replay);
	tg_outcomes_clear(&simulation->sources);
}
