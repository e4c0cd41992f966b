// SPDX-License-Identifier: GPL-2.0-or-later
/* Checks which of the keys about excess go together, and at which hooks each is possible. */
#include <stdio.h>

#include "config/names.h"
#include "config/reader.h"
#include "base/clock.h"

unsigned int tg_config_limit_hooks(const struct tg_config *config,
				   const struct tg_config_limit *limit)
{
	unsigned int hooks = 0;
	size_t i;

	for (i = 0; i < config->interfaces_n; i++)
		hooks |= config->interfaces[i].hooks;
	return hooks & limit->hooks;
}

/* Something that is possible only at some hooks, and the words of the error elsewhere. */
struct ability {
	unsigned int hooks;
	const char *what;  /* the key or its value */
	const char *where; /* the hooks in words */
	const char *write; /* hooks: of an interface, as a suggestion */
	const char *list;  /* hook: of a match, as a suggestion */
	const char *more;  /* another way to get it, or "" */
};

static const struct ability delaying = {
	TG_CONFIG_TC_EGRESS,
	"delay",
	"tc-egress",
	"[tc-egress]",
	"tc-egress",
	"; what comes in can wait at tc-egress of an ifb device to which tc redirects it"};
static const struct ability rejecting = {TG_CONFIG_XDP | TG_CONFIG_TC_INGRESS,
					 "reject",
					 "xdp and tc-ingress, where there is somebody to answer",
					 "[xdp]",
					 "[xdp, tc-ingress]",
					 ""};
static const struct ability fwmark = {TG_CONFIG_TC_INGRESS | TG_CONFIG_TC_EGRESS,
				      "fwmark",
				      "tc-ingress and tc-egress",
				      "[tc-ingress]",
				      "[tc-ingress, tc-egress]",
				      ""};
static const struct ability priority = {TG_CONFIG_TC_INGRESS | TG_CONFIG_TC_EGRESS,
					"priority",
					"tc-ingress and tc-egress",
					"[tc-ingress]",
					"[tc-ingress, tc-egress]",
					""};

static int check_ability(struct tg_reader *reader, const struct tg_yaml *value,
			 const struct tg_config_limit *limit, const struct ability *ability)
{
	const struct tg_config *config = reader->config;
	unsigned int missing;
	size_t i;

	for (i = 0; value && i < config->interfaces_n; i++) {
		missing = config->interfaces[i].hooks & limit->hooks & ~ability->hooks;
		if (!missing)
			continue;
		return tg_reader_error(
			reader, value,
			"%s is possible only at %s, and interfaces[%zu] (%s) has %s; write hooks: "
			"%s there, or match: {hook: %s} in this limit%s",
			ability->what, ability->where, i, config->interfaces[i].name,
			tg_hook_name(__builtin_ctz(missing)), ability->write, ability->list,
			ability->more);
	}
	return 0;
}

/* Whether some hooks are unknown, because they were reported as errors. */
static bool hooks_unknown(const struct tg_config *config, const struct tg_config_limit *limit)
{
	size_t i;

	for (i = 0; i < config->interfaces_n; i++)
		if (!config->interfaces[i].hooks)
			return true;
	return !config->interfaces_n || !limit->hooks;
}

static int check_hooks(struct tg_reader *reader, const struct tg_yaml *map,
		       const struct tg_config_limit *limit)
{
	const struct tg_yaml *mark = tg_yaml_get(map, "mark"), *match = tg_yaml_get(map, "match");
	const struct tg_yaml *on_exceed = tg_yaml_get(map, "on_exceed"), *hook;
	int r = 0;

	if (!tg_config_limit_hooks(reader->config, limit) &&
	    !hooks_unknown(reader->config, limit)) {
		hook = match && match->kind == TG_YAML_MAP ? tg_yaml_get(match, "hook") : NULL;
		return tg_reader_error(
			reader, hook ? hook : map,
			"no interface has such a hook, so the limit would never hold; "
			"name it in hooks: of an interface");
	}
	if (limit->action == TG_CONFIG_DELAY)
		r = check_ability(reader, on_exceed, limit, &delaying);
	if (limit->action == TG_CONFIG_REJECT)
		r = check_ability(reader, on_exceed, limit, &rejecting);
	if (mark && mark->kind == TG_YAML_MAP && limit->mark.has_fwmark)
		r = tg_graver(r,
			      check_ability(reader, tg_yaml_get(mark, "fwmark"), limit, &fwmark));
	if (mark && mark->kind == TG_YAML_MAP && limit->mark.has_priority)
		r = tg_graver(
			r, check_ability(reader, tg_yaml_get(mark, "priority"), limit, &priority));
	return r;
}

/* Checks keys that mean something only together with others. */
static int check_excess_keys(struct tg_reader *reader, const struct tg_yaml *map,
			     const struct tg_config_limit *limit)
{
	const struct tg_yaml *mark = tg_yaml_get(map, "mark"), *value;
	const struct tg_yaml *above = tg_yaml_get(map, "mark_above");
	int r = 0;

	if (limit->action == TG_CONFIG_MARK && !mark)
		r = tg_reader_error(reader, tg_yaml_get(map, "on_exceed"),
				    "which mark? write for example mark: {dscp: cs1} beside it");
	if (mark && limit->action != TG_CONFIG_MARK && !above)
		r = tg_reader_key_error(reader, mark,
					"mark has no meaning here; write on_exceed: mark, or "
					"mark_above to mark before the bucket is empty");
	if (above && !mark)
		r = tg_reader_key_error(
			reader, above, "which mark? write for example mark: {dscp: cs1} beside it");
	if (above && limit->action == TG_CONFIG_DELAY)
		r = tg_reader_key_error(reader, above,
					"a limit that delays does not mark as well; write a limit "
					"for each");
	value = tg_yaml_get(map, "max_delay");
	if (value && limit->action != TG_CONFIG_DELAY)
		r = tg_reader_key_error(reader, value,
					"max_delay has no meaning without on_exceed: delay");
	value = tg_yaml_get(map, "reject");
	if (value && limit->action != TG_CONFIG_REJECT)
		r = tg_reader_key_error(reader, value,
					"reject has no meaning without on_exceed: reject");
	value = tg_yaml_get(map, "backoff");
	if (value && limit->action == TG_CONFIG_MARK)
		r = tg_reader_key_error(
			reader, value,
			"backoff has no meaning with on_exceed: mark, where nothing is "
			"refused; leave it out");
	return r;
}

int tg_check_action(struct tg_reader *reader, const struct tg_yaml *map,
		    struct tg_config_limit *limit)
{
	int r = check_excess_keys(reader, map, limit);

	if (limit->action == TG_CONFIG_DELAY && !limit->max_delay)
		limit->max_delay = 2 * NS_PER_S;
	return tg_graver(r, check_hooks(reader, map, limit));
}

int tg_config_check_mark_above(const struct tg_config_limit *limit, char *why, size_t size)
{
	if (!limit->mark_above || limit->mark_above < limit->refill.capacity)
		return 0;
	snprintf(why, size,
		 "mark_above of %llu is not below the capacity of %llu, so that nothing would be "
		 "marked; write a smaller mark_above or a larger capacity",
		 (unsigned long long)limit->mark_above, (unsigned long long)limit->refill.capacity);
	return -EINVAL;
}
