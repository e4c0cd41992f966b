// SPDX-License-Identifier: GPL-2.0-or-later
/* Warns of hooks and keys about excess that are allowed together but probably a mistake. */
#include <inttypes.h>
#include <netinet/in.h>

#include "explain/lint.h"
#include "config/names.h"
#include "base/units.h"
#include "base/clock.h"

#define FRAME	1514 /* bytes of a full Ethernet frame */
#define FQ_FLOW 100  /* packets of one flow that fq keeps by default, tc-fq(8) */

/* Returns the tokens that the largest packet costs. */
static double packet_cost(const struct tg_config_limit *limit)
{
	return limit->unit == TG_CONFIG_BYTES ? FRAME : 1;
}

double tg_lint_packet_time(const struct tg_config_limit *limit)
{
	const struct tg_refill *refill = &limit->refill;
	double time = packet_cost(limit) * (double)refill->interval / (double)refill->amount;

	return refill->continuous || time > (double)refill->interval ? time
								     : (double)refill->interval;
}

const char *tg_lint_format_time(double ns, char *text, size_t size)
{
	uint64_t whole = ns < NS_PER_MS ? ns : (uint64_t)(ns / NS_PER_MS) * NS_PER_MS;

	return tg_format_duration(whole, text, size);
}

static void advise_delay(const struct tg_config *config, size_t i,
			 struct tg_diagnostics *diagnostics)
{
	const struct tg_config_limit *limit = &config->limits[i];
	const struct tg_refill *refill = &limit->refill;
	double most = (double)refill->amount / (double)refill->interval * (double)limit->max_delay /
		      packet_cost(limit);
	char delay[64], time[64];
	size_t j;

	if (tg_lint_packet_time(limit) > (double)limit->max_delay)
		tg_diagnose(diagnostics, TG_WARNING, config->path, limit->place,
			    "limits[%zu].max_delay: most packets that exceed would have to wait "
			    "longer than %s, since tokens for one take %s to come, and are "
			    "dropped; write a longer max_delay, or a faster refill",
			    i, tg_format_duration(limit->max_delay, delay, sizeof(delay)),
			    tg_lint_format_time(tg_lint_packet_time(limit), time, sizeof(time)));
	for (j = 0; j < config->interfaces_n; j++) {
		if (most <= FQ_FLOW || config->interfaces[j].manage_qdisc ||
		    !(config->interfaces[j].hooks & TG_CONFIG_TC_EGRESS))
			continue;
		tg_diagnose(
			diagnostics, TG_WARNING, config->path, limit->place,
			"limits[%zu].max_delay: up to %.0f packets of one flow wait, of which "
			"fq drops those beyond %d unless told otherwise; run tc qdisc replace dev %s root fq "
			"flow_limit %.0f, write a shorter max_delay, or manage_qdisc: true",
			i, most, FQ_FLOW, config->interfaces[j].name, most + 1);
		return;
	}
}

static void advise_backoff(const struct tg_config *config, size_t i,
			   struct tg_diagnostics *diagnostics)
{
	const struct tg_config_limit *limit = &config->limits[i];
	char max[64], time[64];

	if ((double)limit->backoff.max <= tg_lint_packet_time(limit))
		tg_diagnose(
			diagnostics, TG_WARNING, config->path, limit->place,
			"limits[%zu].backoff: a bucket is closed for %s at most, and is without "
			"tokens for %s anyway; write a longer max, or leave backoff out",
			i, tg_format_duration(limit->backoff.max, max, sizeof(max)),
			tg_lint_format_time(tg_lint_packet_time(limit), time, sizeof(time)));
	if (limit->per == TG_CONFIG_PER_EVERYONE)
		tg_diagnose(diagnostics, TG_WARNING, config->path, limit->place,
			    "limits[%zu].backoff: with per: everyone one sender who insists keeps "
			    "the bucket closed for all; write per: source",
			    i);
}

/* Warns of a limit that charges packets twice, because XDP and TC ingress see the same ones. */
static void advise_twice(const struct tg_config *config, size_t i,
			 struct tg_diagnostics *diagnostics)
{
	const unsigned int both = TG_CONFIG_XDP | TG_CONFIG_TC_INGRESS;
	const struct tg_config_limit *limit = &config->limits[i];
	size_t j;

	for (j = 0; j < config->interfaces_n; j++) {
		if ((config->interfaces[j].hooks & limit->hooks & both) != both)
			continue;
		tg_diagnose(diagnostics, TG_WARNING, config->path, limit->place,
			    "limits[%zu]: %s holds at xdp and at tc-ingress of %s, and what comes "
			    "in is charged twice; write match: {hook: xdp}, or tc-ingress",
			    i, limit->name, config->interfaces[j].name);
		return;
	}
}

/*
 * The largest packet at TC and in generic XDP: 64 KiB of TCP, which are this many segments (GSO,
 * GRO) and bytes.
 */
#define SEGMENTS      64
#define SEGMENT_BYTES 69632

static bool meets_tcp_data(const struct tg_config_limit *limit)
{
	const struct tg_values *protocol = &limit->match->fields[TG_FIELD_PROTOCOL];

	return limit->unit != TG_CONFIG_CONNECTIONS &&
	       !limit->match->fields[TG_FIELD_TCP_FLAGS].given &&
	       !limit->match->fields[TG_FIELD_ICMP_TYPE].given &&
	       limit->match->fragments != TG_FRAGMENTS_ONLY &&
	       (!protocol->given || tg_values_has(protocol, IPPROTO_TCP));
}

/* Returns the hook at which the limit gets packets of several segments for sure; NULL: none. */
static const char *merging_hook(const struct tg_config *config, const struct tg_config_limit *limit)
{
	const unsigned int both = TG_CONFIG_TC_INGRESS | TG_CONFIG_TC_EGRESS;
	unsigned int hooks = tg_config_limit_hooks(config, limit);
	size_t i;

	if (hooks & both)
		return tg_hook_name(__builtin_ctz(hooks & both));
	for (i = 0; i < config->interfaces_n; i++)
		if ((config->interfaces[i].hooks & hooks & TG_CONFIG_XDP) &&
		    config->interfaces[i].xdp_mode == TG_XDP_GENERIC)
			return "xdp in generic mode";
	return NULL;
}

static void advise_segments(const struct tg_config *config, size_t i,
			    struct tg_diagnostics *diagnostics)
{
	const struct tg_config_limit *limit = &config->limits[i];
	const char *hook = merging_hook(config, limit);
	bool bytes = limit->unit == TG_CONFIG_BYTES;

	if (!hook || !meets_tcp_data(limit) ||
	    limit->refill.capacity >= (bytes ? SEGMENT_BYTES : SEGMENTS))
		return;
	tg_diagnose(
		diagnostics, TG_WARNING, config->path, limit->place,
		"limits[%zu].capacity: at %s up to 64 KiB of TCP are one packet, of up to %d "
		"segments, and one that asks for more than the bucket holds never passes; write a "
		"capacity of %s or more, on_exceed: delay at tc-egress, or a limit at native xdp",
		i, hook, SEGMENTS, bytes ? "68KiB" : "64");
}

void tg_lint_excess(const struct tg_config *config, size_t i, struct tg_diagnostics *diagnostics)
{
	const struct tg_config_limit *limit = &config->limits[i];

	advise_twice(config, i, diagnostics);
	if (!limit->shadow &&
	    (limit->action == TG_CONFIG_DROP || limit->action == TG_CONFIG_REJECT))
		advise_segments(config, i, diagnostics);
	if (limit->action == TG_CONFIG_DELAY)
		advise_delay(config, i, diagnostics);
	if (limit->backoff.initial)
		advise_backoff(config, i, diagnostics);
	if (limit->action == TG_CONFIG_REJECT && limit->match->fragments == TG_FRAGMENTS_ONLY)
		tg_diagnose(diagnostics, TG_WARNING, config->path, limit->place,
			    "limits[%zu].on_exceed: fragments are dropped without an answer, and "
			    "this limit is about nothing else; write on_exceed: drop",
			    i);
}
