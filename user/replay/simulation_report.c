// SPDX-License-Identifier: GPL-2.0-or-later
/* Builds the report of a simulation as JSON. */
#include "base/cleanup.h"
#include "config/names.h"
#include "base/prefix.h"
#include "replay/simulation.h"
#include "datapath/stats.h"
#include "base/clock.h"

static json_int_t ms_of(uint64_t ns)
{
	return ns / NS_PER_MS;
}

static json_t *time_or_null(uint64_t ns)
{
	return ns ? json_integer(ms_of(ns)) : json_null();
}

/* A file name may not be UTF-8, and JSON cannot hold that. */
static json_t *text_of(const char *text)
{
	json_t *json = json_string(text);

	return json ? json : json_string("(not UTF-8)");
}

static json_t *verdicts_of(const __u64 counts[TG_VERDICT_COUNT])
{
	json_t *verdicts = json_object();
	int verdict;

	for (verdict = 0; verdict < TG_VERDICT_COUNT; verdict++)
		json_object_set_new(verdicts, tg_verdict_name(verdict),
				    json_integer(counts[verdict]));
	return verdicts;
}

static json_t *limit_of(const struct tg_simulation *simulation, size_t i)
{
	const struct tg_config_limit *limit = &simulation->config->limits[i];
	const struct tg_compiled *compiled = tg_replay_compiled(simulation->replay);
	const struct tg_outcomes *sources = &simulation->sources;
	uint32_t slot = compiled->slots[i];
	struct tg_limit_counters counters;

	if (tg_replay_limit_counters(simulation->replay, slot, &counters))
		return NULL;
	return json_pack("{s:s, s:s, s:b, s:b, s:o, s:o, s:{s:I, s:I, s:b}, s:o, s:o, s:I}", "name",
			 limit->name, "unit", tg_unit_name(limit->unit), "shadow", limit->shadow,
			 "held", (int)(compiled->policy.hooks[simulation->hook] >> slot & 1),
			 "packets", verdicts_of(counters.packets), "bytes",
			 verdicts_of(counters.bytes), "sources", "seen",
			 (json_int_t)sources->seen[slot], "refused",
			 (json_int_t)sources->refused[slot], "exact", !sources->forgotten,
			 "first_refused_ms", time_or_null(simulation->first_refused[slot]),
			 "last_refused_ms", time_or_null(simulation->last_refused[slot]),
			 "shared_bucket_packets", (json_int_t)counters.overflowed);
}

static json_t *limits_of(const struct tg_simulation *simulation)
{
	json_t *limits = json_array();
	size_t i;

	for (i = 0; i < simulation->config->limits_n; i++)
		if (json_array_append_new(limits, limit_of(simulation, i))) {
			json_decref(limits);
			return NULL;
		}
	return limits;
}

/* Names the prefix that the bucket is for, or the address if the limit does not count by source. */
static json_t *report_source(const struct tg_simulation *simulation,
			     const struct tg_outcome *source)
{
	const struct tg_compiled *compiled = tg_replay_compiled(simulation->replay);
	const struct tg_config_limit *limit = simulation->config->limits;
	struct tg_prefix prefix = {.length = 128};
	char text[TG_PREFIX_TEXT_SIZE];

	while (compiled->slots[limit - simulation->config->limits] != source->key.slot)
		limit++;
	memcpy(prefix.address, &source->key.address, sizeof(prefix.address));
	if (limit->per == TG_CONFIG_PER_SOURCE)
		prefix.length = tg_prefix_is_ipv4(&prefix) ? 96 + limit->prefix4 : limit->prefix6;
	return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I}", "source",
			 tg_prefix_format(&prefix, text, sizeof(text)), "limit", limit->name,
			 "refused_packets", (json_int_t)source->refused, "refused_bytes",
			 (json_int_t)source->refused_bytes, "admitted_packets",
			 (json_int_t)source->admitted, "first_refused_ms", ms_of(source->first),
			 "last_refused_ms", ms_of(source->last));
}

/* What of the capture GSO or GRO had merged, and of what length its packets are taken to be. */
static json_t *merged_of(const struct tg_merged *merged)
{
	return json_pack("{s:I, s:I, s:b, s:I}", "captured", (json_int_t)merged->frames, "packets",
			 (json_int_t)merged->segments, "estimated", merged->estimated, "length",
			 (json_int_t)tg_merged_length(merged));
}

static json_t *worst_of(struct tg_simulation *simulation, size_t n)
{
	tg_autofree const struct tg_outcome **worst = calloc(n, sizeof(*worst));
	json_t *sources = json_array();
	size_t i;

	if (!worst)
		return sources;
	n = tg_outcomes_worst(&simulation->sources, worst, n);
	for (i = 0; i < n; i++)
		json_array_append_new(sources, report_source(simulation, worst[i]));
	return sources;
}

/* Returns the packets by reason; *@passed and *@dropped get their sums. NULL: cannot be read. */
static json_t *reasons_of(const struct tg_simulation *simulation, json_int_t *passed,
			  json_int_t *dropped)
{
	struct tg_interface_counters counters;
	json_t *reasons = json_object();
	int reason;

	if (tg_replay_reasons(simulation->replay, &counters)) {
		json_decref(reasons);
		return NULL;
	}
	for (reason = 0; reason < TG_REASON_COUNT; reason++) {
		if (!counters.packets[reason])
			continue;
		json_object_set_new(reasons, tg_reason_name(reason),
				    json_integer(counters.packets[reason]));
		*(tg_reason_passes(reason) ? passed : dropped) += counters.packets[reason];
	}
	return reasons;
}

json_t *tg_simulation_report(struct tg_simulation *simulation, size_t n)
{
	const struct tg_replay_notes *notes = tg_replay_read_notes(simulation->replay);
	json_int_t passed = 0, dropped = 0;
	json_t *reasons = reasons_of(simulation, &passed, &dropped);

	return json_pack("{s:o, s:o, s:s, s:b, s:I, s:I, s:o, s:o, s:I, s:I, s:I, s:I, s:I, s:o, "
			 "s:o, s:o, s:o, s:I}",
			 "capture", text_of(simulation->capture), "config",
			 text_of(simulation->config->path), "hook", tg_hook_name(simulation->hook),
			 "complete", simulation->complete, "packets",
			 (json_int_t)simulation->packets, "bytes", (json_int_t)simulation->bytes,
			 "first_ms", time_or_null(simulation->first), "last_ms",
			 time_or_null(simulation->last), "out_of_order", (json_int_t)notes->earlier,
			 "clock_set_back", (json_int_t)notes->jumps, "headers_cut",
			 (json_int_t)notes->cut, "passed", passed, "dropped", dropped, "reasons",
			 reasons, "merged", merged_of(&simulation->merged), "limits",
			 limits_of(simulation), "refused_sources", worst_of(simulation, n),
			 "sources_forgotten", (json_int_t)simulation->sources.forgotten);
}
