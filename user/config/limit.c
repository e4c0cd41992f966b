/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads `limits`: the keys of one limit, in order, and what must hold between them. */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "config/names.h"
#include "config/reader.h"
#include "base/text.h"

/* A limit that is being read, and which of its keys had errors. */
struct draft {
	struct tg_config_limit *limit;
	struct tg_refill_change change;
	bool unit_broken;   /* amounts cannot be checked */
	bool refill_broken; /* the refill as a whole cannot be checked */
	bool action_broken; /* on_exceed is wrong: the keys that depend on it cannot be checked */
};

static int read_limit_name(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	const struct draft *draft = out;
	const struct tg_config_limit *other;
	char quoted[TG_QUOTE_SIZE];
	const char *name;
	size_t n;
	int r = tg_read_text(reader, value, &name);

	if (r)
		return r;
	n = strlen(name);
	tg_text_quote(name, quoted, sizeof(quoted));
	if (n >= TG_CONFIG_NAME_SIZE || strspn(name, TG_CONFIG_NAME_CHARACTERS) != n)
		return tg_reader_error(reader, value,
				       "%s cannot be the name of a limit; use 1 to 63 of the "
				       "characters A-Z a-z 0-9 _ . -",
				       quoted);
	other = tg_config_find_limit(reader->config, name);
	if (other)
		return tg_reader_error(reader, value,
				       "%s is the name of the limit at line %zu already; each "
				       "limit needs its own",
				       quoted, other->place.line);
	strcpy(draft->limit->name, name);
	return 0;
}

static int read_match(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_match(reader, value, ((struct draft *)out)->limit);
}

/* The words of `per` read so far. */
struct pers {
	struct draft *draft;
	bool given; /* one of source, destination, everyone and key was among them */
};

static int read_per(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct pers *pers = out;
	struct tg_config_limit *limit = pers->draft->limit;
	int choice, r = tg_read_choice(reader, value, tg_per_names, &choice);

	if (r)
		return r;
	if (choice == TG_PER_PORT || choice == TG_PER_PROTOCOL) {
		bool *flag = choice == TG_PER_PORT ? &limit->per_port : &limit->per_protocol;

		if (*flag)
			return tg_reader_error(reader, value, "%s is given twice", value->text);
		*flag = true;
		return 0;
	}
	if (pers->given)
		return tg_reader_error(reader, value,
				       "only one of source, destination, everyone and key is "
				       "possible; write one limit for each");
	pers->given = true;
	limit->per = choice;
	return 0;
}

static int read_pers(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct pers pers = {.draft = out};
	int r = tg_read_one_or_more(reader, value, read_per, &pers);

	if (r == 0 && !pers.given)
		return tg_reader_error(reader, value,
				       "whose bucket is it? write [source, %s], or destination or "
				       "everyone in place of source",
				       pers.draft->limit->per_port ? "destination_port"
								   : "protocol");
	if (r == 0 && pers.draft->limit->per == TG_CONFIG_PER_KEY && value->kind == TG_YAML_LIST &&
	    value->n > 1)
		return tg_reader_error(reader, value,
				       "the buckets of a key have no port and no protocol; write "
				       "per: key alone");
	return r;
}

static int read_prefix4(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	uint64_t length;
	int r = tg_read_number(reader, value, 0, 32, &length);

	if (r == 0)
		((struct tg_config_limit *)out)->prefix4 = (uint8_t)length;
	return r;
}

static int read_prefix6(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	uint64_t length;
	int r = tg_read_number(reader, value, 0, 128, &length);

	if (r == 0)
		((struct tg_config_limit *)out)->prefix6 = (uint8_t)length;
	return r;
}

static int read_prefix(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	static const struct tg_key keys[] = {
		{"ipv4", read_prefix4, NULL},
		{"ipv6", read_prefix6, NULL},
		{NULL, NULL, NULL},
	};
	struct draft *draft = out;

	/* limit_keys has `per` before `prefix`. */
	if (draft->limit->per == TG_CONFIG_PER_EVERYONE)
		return tg_reader_key_error(reader, value,
					   "prefix has no meaning with per: everyone, where all "
					   "share one bucket; leave it out");
	return tg_read_map(reader, value, keys, draft->limit);
}

static int read_unit(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct draft *draft = out;
	int choice, r = tg_read_choice(reader, value, tg_unit_names, &choice);

	draft->unit_broken = r != 0;
	if (r == 0)
		draft->limit->unit = choice;
	return r;
}

static int read_refill(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct draft *draft = out;
	const char *text;
	char why[256];
	int r;

	if (draft->unit_broken)
		return -EINVAL;
	r = tg_read_text(reader, value, &text);
	if (r == 0 && tg_config_set_refill(&draft->change, draft->limit->unit, value->key, text,
					   why, sizeof(why)) < 0)
		r = tg_reader_error(reader, value, "%s", why);
	draft->refill_broken |= r != 0;
	return r;
}

static int read_action(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct draft *draft = out;
	int r;

	if (draft->unit_broken && strcmp(value->key, "mark_above") == 0)
		return -EINVAL;
	r = tg_read_action(reader, value, draft->limit);
	draft->action_broken |= r && strcmp(value->key, "on_exceed") == 0;
	return r;
}

static int read_shared(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_shared(reader, value, ((struct draft *)out)->limit);
}

static int read_on_store_loss(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_on_store_loss(reader, value, ((struct draft *)out)->limit);
}

static int read_table_share(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_table_share(reader, value, ((struct draft *)out)->limit);
}

static int read_new_sources(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	return tg_read_new_sources(reader, value, ((struct draft *)out)->limit);
}

/* In the order of reading: a key comes after those it depends on. */
static const struct tg_key limit_keys[] = {
	{"name", read_limit_name, "a name of its own, such as name: dns-per-source"},
	{"match", read_match, NULL},
	{"per", read_pers, NULL},
	{"prefix", read_prefix, NULL},
	{"unit", read_unit, NULL},
	{"capacity", read_refill, NULL},
	{"burst", read_refill, NULL},
	{"refill_amount", read_refill, NULL},
	{"refill_interval", read_refill, NULL},
	{"rate", read_refill, NULL},
	{"on_exceed", read_action, NULL},
	{"mark", read_action, NULL},
	{"mark_above", read_action, NULL},
	{"max_delay", read_action, NULL},
	{"reject", read_action, NULL},
	{"backoff", read_action, NULL},
	{"shadow", read_action, NULL},
	{"shared", read_shared, NULL},
	{"on_store_loss", read_on_store_loss, NULL},
	{"new_sources", read_new_sources, NULL},
	{"table_share", read_table_share, NULL},
	{NULL, NULL, NULL},
};

/* Checks which of the refill keys are given together. */
static int check_forms(struct tg_reader *reader, const struct tg_yaml *map)
{
	const struct tg_yaml *burst = tg_yaml_get(map, "burst");
	const struct tg_yaml *capacity = tg_yaml_get(map, "capacity");
	const struct tg_yaml *amount = tg_yaml_get(map, "refill_amount");
	const struct tg_yaml *interval = tg_yaml_get(map, "refill_interval");
	const struct tg_yaml *rate = tg_yaml_get(map, "rate");
	int r = 0;

	if (burst && capacity)
		r = tg_reader_key_error(reader, burst,
					"burst is another word for capacity; write one of the two");
	if (!burst && !capacity)
		r = tg_reader_error(reader, map,
				    "\"capacity\" is missing; write the most tokens that a bucket "
				    "holds, such as capacity: 100");
	if (rate && (amount || interval))
		return tg_reader_key_error(reader, rate,
					   "rate excludes refill_amount and refill_interval; write "
					   "one form or the other");
	if (!rate && !amount && !interval)
		return tg_reader_error(reader, map,
				       "how the bucket refills is missing; write rate: 10/s, or "
				       "refill_amount: 10 and refill_interval: 1s");
	if (!rate && !amount)
		return tg_reader_error(reader, map,
				       "\"refill_amount\" is missing; write what each interval "
				       "adds, such as refill_amount: 10");
	if (!rate && !interval)
		return tg_reader_error(reader, map,
				       "\"refill_interval\" is missing; write how often, such as "
				       "refill_interval: 1s");
	return r;
}

/* Warns of what is allowed but probably a mistake. */
static void warn_refill(struct tg_reader *reader, const struct tg_yaml *capacity,
			const struct tg_config_limit *limit)
{
	const struct tg_refill *refill = &limit->refill;

	if (!refill->continuous && refill->amount > refill->capacity)
		tg_reader_warn(reader, capacity,
			       "a bucket of %llu cannot hold the refill_amount of %llu; what does "
			       "not fit is lost",
			       (unsigned long long)refill->capacity,
			       (unsigned long long)refill->amount);
	if (limit->unit == TG_CONFIG_BYTES && refill->capacity < 1514)
		tg_reader_warn(reader, capacity,
			       "a bucket of %llu bytes never admits a full Ethernet frame of 1514 "
			       "bytes; write that or more, such as capacity: 15kB",
			       (unsigned long long)refill->capacity);
}

static int check_refill(struct tg_reader *reader, const struct tg_yaml *map, struct draft *draft)
{
	const struct tg_yaml *at = tg_yaml_get(map, "rate");
	const struct tg_yaml *capacity = tg_yaml_get(map, "capacity");
	char why[256];

	if (!at)
		at = tg_yaml_get(map, "refill_amount");
	if (!capacity)
		capacity = tg_yaml_get(map, "burst");
	if (tg_config_check_refill(&draft->change, why, sizeof(why)) < 0)
		return tg_reader_error(reader, at, "%s", why);
	draft->limit->refill = draft->change.refill;
	if (tg_config_check_mark_above(draft->limit, why, sizeof(why)) < 0)
		return tg_reader_error(reader, tg_yaml_get(map, "mark_above"), "%s", why);
	warn_refill(reader, capacity, draft->limit);
	return 0;
}

static bool only_tcp(const struct tg_values *protocols)
{
	unsigned int first = 0, last;

	if (!tg_values_next(protocols, &first, &last) || first != IPPROTO_TCP || last != first)
		return false;
	first++;
	return !tg_values_next(protocols, &first, &last);
}

static bool any_syn(const struct tg_values *octets)
{
	unsigned int i;

	for (i = 0; i < 256; i++)
		if (tg_values_has(octets, i) && (i & TG_TCP_SYN) && !(i & TG_TCP_ACK))
			return true;
	return false;
}

/* A connection is a TCP SYN without ACK. A match that excludes those would never count anything. */
static int check_connections(struct tg_reader *reader, const struct tg_yaml *map,
			     const struct tg_config_limit *limit)
{
	const struct tg_yaml *match = tg_yaml_get(map, "match"), *value;
	const struct tg_values *protocols = &limit->match->fields[TG_FIELD_PROTOCOL];
	const struct tg_values *octets = &limit->match->fields[TG_FIELD_TCP_FLAGS];
	const struct tg_values *types = &limit->match->fields[TG_FIELD_ICMP_TYPE];

	if (limit->unit != TG_CONFIG_CONNECTIONS || !match || match->kind != TG_YAML_MAP)
		return 0;
	value = tg_yaml_get(match, "protocol");
	if (protocols->given &&
	    (protocols->absent ? !tg_values_has(protocols, IPPROTO_TCP) : !only_tcp(protocols)))
		return tg_reader_error(reader, value ? value : match,
				       "only tcp has connections that tidegate can count; write "
				       "protocol: tcp, or unit: packets");
	value = tg_yaml_get(match, "icmp_type");
	if (value && types->given && !types->absent)
		return tg_reader_error(reader, value,
				       "only tcp has connections, and no ICMP type; write unit: "
				       "packets");
	value = tg_yaml_get(match, "tcp_flags");
	if (octets->given && !any_syn(octets))
		return tg_reader_error(reader, value ? value : match,
				       "a connection is a packet with SYN and without ACK, which "
				       "these flags rule out; leave tcp_flags out");
	return 0;
}

/* Checks a limit for what is not IP: it has no source to tell apart, and no header of IP. */
static int check_not_ip(struct tg_reader *reader, const struct tg_yaml *map,
			const struct tg_config_limit *limit)
{
	const struct tg_yaml *per = tg_yaml_get(map, "per"), *mark = tg_yaml_get(map, "mark");

	if (!tg_match_is_not_ip(limit->match))
		return 0;
	if (limit->per != TG_CONFIG_PER_EVERYONE || limit->per_port || limit->per_protocol)
		return tg_reader_error(reader, per ? per : map,
				       "what is not IP has no address and no port, so all of it "
				       "shares a bucket; write per: everyone");
	if (limit->action == TG_CONFIG_REJECT)
		return tg_reader_error(reader, tg_yaml_get(map, "on_exceed"),
				       "what is not IP cannot be answered; write on_exceed: drop");
	if (limit->mark.dscp >= 0 || limit->mark.ecn)
		return tg_reader_error(reader, mark,
				       "what is not IP has neither DSCP nor ECN; write fwmark or "
				       "priority");
	return 0;
}

static int read_limit(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config *config = out;
	struct draft draft = {0};
	int r, forms;

	if (value->index == TG_CONFIG_LIMITS_MAX)
		return tg_reader_error(reader, value, "there are more than %d limits",
				       TG_CONFIG_LIMITS_MAX);
	if (value->index > TG_CONFIG_LIMITS_MAX)
		return -EINVAL;
	/* Count it at once, so that tg_config_free() frees what it comes to own. */
	draft.limit = &config->limits[config->limits_n++];
	*draft.limit = (struct tg_config_limit){.place = value->place,
						.prefix4 = 32,
						.prefix6 = 64,
						.hooks = TG_CONFIG_HOOKS,
						.mark.dscp = -1,
						.match = calloc(1, sizeof(struct tg_match))};
	if (!draft.limit->match)
		return -ENOMEM;
	r = tg_read_map(reader, value, limit_keys, &draft);
	if (r == -ENOMEM || value->kind != TG_YAML_MAP)
		return r;
	r = tg_graver(r, check_connections(reader, value, draft.limit));
	r = tg_graver(r, tg_check_key(reader, value, draft.limit));
	if (!draft.action_broken)
		r = tg_graver(r, check_not_ip(reader, value, draft.limit));
	if (!draft.action_broken)
		r = tg_graver(r, tg_check_action(reader, value, draft.limit));
	forms = check_forms(reader, value);
	if (forms || draft.unit_broken || draft.refill_broken)
		return tg_graver(r, forms);
	return tg_graver(r, check_refill(reader, value, &draft));
}

int tg_read_limits(struct tg_reader *reader, const struct tg_yaml *value, void *out)
{
	struct tg_config *config = out;

	config->limits = calloc(TG_CONFIG_LIMITS_MAX, sizeof(*config->limits));
	if (!config->limits)
		return -ENOMEM;
	return tg_read_list(reader, value, true, read_limit, config);
}
