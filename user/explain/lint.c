/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warns of limits that can never be reached, and of configurations that do not bound a flood. */
#include "explain/lint.h"
#include "base/clock.h"

static double tokens_per_ns(const struct tg_refill *refill)
{
	return (double)refill->amount / (double)refill->interval;
}

/* Whether every value that meets @inner meets @outer. */
static bool values_cover(const struct tg_values *outer, const struct tg_values *inner)
{
	size_t i;

	if (!outer->given)
		return true;
	if (!inner->given || (inner->absent && !outer->absent))
		return false;
	for (i = 0; i < TG_VALUES / 64; i++)
		if (inner->bits[i] & ~outer->bits[i])
			return false;
	return true;
}

static bool addresses_cover(const struct tg_addresses *outer, const struct tg_addresses *inner)
{
	if (!outer->given)
		return true;
	return inner->given && outer->any == inner->any &&
	       tg_prefix_list_equal(&outer->is, &inner->is) &&
	       tg_prefix_list_equal(&outer->is_not, &inner->is_not);
}

static bool match_covers(const struct tg_match *outer, const struct tg_match *inner)
{
	int field;

	if (tg_match_is_not_ip(outer) != tg_match_is_not_ip(inner))
		return false;
	for (field = 0; field < TG_FIELDS; field++)
		if (!values_cover(&outer->fields[field], &inner->fields[field]))
			return false;
	if (outer->fragments != TG_FRAGMENTS_AND_WHOLE && outer->fragments != inner->fragments)
		return false;
	return addresses_cover(&outer->source, &inner->source) &&
	       addresses_cover(&outer->destination, &inner->destination);
}

/* Whether all packets that share a bucket of @inner share one of @outer. */
static bool key_covers(const struct tg_config_limit *outer, const struct tg_config_limit *inner)
{
	if ((outer->per_port && !inner->per_port) || (outer->per_protocol && !inner->per_protocol))
		return false;
	if (outer->per == TG_CONFIG_PER_EVERYONE)
		return true;
	/* An application charges the limit it names, and not the other. */
	if (outer->per == TG_CONFIG_PER_KEY)
		return false;
	return outer->per == inner->per && outer->prefix4 <= inner->prefix4 &&
	       outer->prefix6 <= inner->prefix6;
}

/*
 * Whether all that passes a bucket of @tighter passes one of @looser. In any time t the first
 * admits at most its capacity, its rate times t, and one step; the second may be late by one step.
 * Steps of the same interval come at the same time, so they cancel out.
 */
static bool bucket_is_tighter(const struct tg_refill *tighter, const struct tg_refill *looser)
{
	double most = (double)tighter->capacity;

	if (tokens_per_ns(tighter) > tokens_per_ns(looser))
		return false;
	if (tighter->continuous || looser->continuous || tighter->interval != looser->interval) {
		if (!tighter->continuous)
			most += (double)tighter->amount;
		if (!looser->continuous)
			most += tokens_per_ns(tighter) * (double)looser->interval;
	}
	return most <= (double)looser->capacity;
}

/* Whether packets beyond the limit never pass. Delayed and marked packets do. */
static bool is_bound(const struct tg_config_limit *limit)
{
	return !limit->shadow && !(limit->shared && limit->on_store_loss == TG_STORE_LOSS_OPEN) &&
	       (limit->action == TG_CONFIG_DROP || limit->action == TG_CONFIG_REJECT);
}

/* Whether another limit, number *@because, always exceeds before limit number @i does. */
static bool never_reached(const struct tg_config *config, size_t i, size_t *because)
{
	const struct tg_config_limit *limit = &config->limits[i], *other;
	size_t j;

	/* A limit marks above mark_above, long before it is exceeded. */
	if (limit->mark_above)
		return false;
	for (j = 0; j < config->limits_n; j++) {
		other = &config->limits[j];
		/* A shared limit is also exceeded by packets that pass at other nodes. */
		if (j == i || !is_bound(other) || (limit->shared && !other->shared) ||
		    !other->hooks != !limit->hooks || (limit->hooks & ~other->hooks) ||
		    other->unit != limit->unit || !match_covers(other->match, limit->match) ||
		    !key_covers(other, limit) || !bucket_is_tighter(&other->refill, &limit->refill))
			continue;
		/* If each covers the other, only the later one is superfluous. */
		if (j > i && is_bound(limit) && !(other->hooks & ~limit->hooks) &&
		    match_covers(limit->match, other->match) && key_covers(limit, other) &&
		    bucket_is_tighter(&limit->refill, &other->refill))
			continue;
		*because = j;
		return true;
	}
	return false;
}

static void advise_limit(const struct tg_config *config, size_t i,
			 struct tg_diagnostics *diagnostics)
{
	const struct tg_config_limit *limit = &config->limits[i];
	size_t because;

	if (never_reached(config, i, &because))
		tg_diagnose(
			diagnostics, TG_WARNING, config->path, limit->place,
			"limits[%zu]: %s can never be reached, because %s is always as tight or "
			"tighter for the same packets",
			i, limit->name, config->limits[because].name);
	if (limit->per == TG_CONFIG_PER_SOURCE && limit->prefix6 > 64)
		tg_diagnose(
			diagnostics, TG_WARNING, config->path, limit->place,
			"limits[%zu].prefix: with ipv6: %u a sender, who commonly has a /64 to "
			"choose addresses from, gets a new bucket with each of them; write 64 or "
			"less",
			i, limit->prefix6);
	if (!limit->refill.continuous && limit->refill.interval < NS_PER_MS)
		tg_diagnose(
			diagnostics, TG_WARNING, config->path, limit->place,
			"limits[%zu].refill_interval: steps shorter than 1ms are below the grain "
			"at which packets are seen; write rate: for an even refill, or a longer "
			"interval with more tokens",
			i);
	tg_lint_lockout(config, i, diagnostics);
	tg_lint_excess(config, i, diagnostics);
}

/* Whether limits hold for received packets, and none of them bounds all senders together. */
static bool is_unbounded(const struct tg_config *config)
{
	const struct tg_config_limit *limit;
	bool received = false;
	size_t i;

	for (i = 0; i < config->limits_n; i++) {
		limit = &config->limits[i];
		if (limit->per == TG_CONFIG_PER_EVERYONE && !limit->shadow &&
		    limit->action != TG_CONFIG_MARK && !tg_match_is_not_ip(limit->match))
			return false;
		received |=
			limit->hooks & ~TG_CONFIG_TC_EGRESS & tg_config_limit_hooks(config, limit);
	}
	return received;
}

static bool all_shadow(const struct tg_config *config)
{
	size_t i;

	for (i = 0; i < config->limits_n; i++)
		if (!config->limits[i].shadow)
			return false;
	return config->limits_n > 0;
}

void tg_lint(const struct tg_config *config, struct tg_diagnostics *diagnostics)
{
	size_t i;

	for (i = 0; i < config->limits_n; i++)
		advise_limit(config, i, diagnostics);
	tg_lint_table(config, diagnostics);
	tg_lint_shared(config, diagnostics);
	if (all_shadow(config))
		tg_diagnose(diagnostics, TG_WARNING, config->path, config->limits[0].place,
			    "all limits are shadow limits: everything is counted and nothing is "
			    "limited");
	else if (is_unbounded(config))
		tg_diagnose(
			diagnostics, TG_WARNING, config->path, config->limits[0].place,
			"no limit bounds everyone together: a flood from many sources passes, as "
			"each of them keeps to its own; add a limit with per: everyone");
	tg_diagnostics_sort(diagnostics);
}
