// SPDX-License-Identifier: GPL-2.0-or-later
/* Writes a configuration as JSON. */
#include "explain/config_json.h"

#include <stdio.h>

#include "config/names.h"
#include "config/table_parts.h"

static json_t *json_values(const struct tg_values *values)
{
	unsigned int first = 0, last;
	json_t *list = json_array();
	char text[32];

	for (; tg_values_next(values, &first, &last); first = last + 1) {
		snprintf(text, sizeof(text), first == last ? "%u" : "%u-%u", first, last);
		json_array_append_new(list, json_string(text));
	}
	return list;
}

/* The protocols, as in the file where they have no number. */
static json_t *json_protocols(const struct tg_match *match)
{
	return tg_match_is_not_ip(match) ? json_pack("[s]", "not_ip")
					 : json_values(&match->fields[TG_FIELD_PROTOCOL]);
}

static json_t *json_prefixes(const struct tg_prefix_list *list)
{
	json_t *json = json_array();
	char text[TG_PREFIX_TEXT_SIZE];
	size_t i;

	for (i = 0; i < list->n; i++)
		json_array_append_new(
			json, json_string(tg_prefix_format(&list->items[i], text, sizeof(text))));
	return json;
}

static void add_addresses(json_t *match, const char *key, const struct tg_addresses *addresses)
{
	if (!addresses->given)
		return;
	json_object_set_new(match, key,
			    json_pack("{s:o, s:o}", "is",
				      addresses->any ? json_null() : json_prefixes(&addresses->is),
				      "not", json_prefixes(&addresses->is_not)));
}

/* Returns the conditions that are given, as sets of values and not as they were written. */
static json_t *json_matched(const struct tg_config_limit *limit)
{
	const struct tg_match *match = limit->match;
	json_t *json = json_object();
	int field;

	for (field = 0; field < TG_FIELDS; field++)
		if (match->fields[field].given)
			json_object_set_new(json, tg_field_name(field),
					    field == TG_FIELD_PROTOCOL
						    ? json_protocols(match)
						    : json_values(&match->fields[field]));
	add_addresses(json, "source", &match->source);
	add_addresses(json, "destination", &match->destination);
	if (match->fragments != TG_FRAGMENTS_AND_WHOLE)
		json_object_set_new(json, "fragment",
				    json_boolean(match->fragments == TG_FRAGMENTS_ONLY));
	return json;
}

/* Returns `per` as in the file: one word, or a list of words. */
static json_t *json_per(const struct tg_config_limit *limit)
{
	json_t *list;

	if (!limit->per_port && !limit->per_protocol)
		return json_string(tg_per_names[limit->per]);
	list = json_pack("[s]", tg_per_names[limit->per]);
	if (limit->per_port)
		json_array_append_new(list, json_string(tg_per_names[TG_PER_PORT]));
	if (limit->per_protocol)
		json_array_append_new(list, json_string(tg_per_names[TG_PER_PROTOCOL]));
	return list;
}

static json_t *json_milliseconds(uint64_t ns)
{
	if (ns % 1000000 == 0)
		return json_integer((json_int_t)(ns / 1000000));
	return json_real((double)ns / 1e6);
}

static json_t *json_hooks(unsigned int hooks)
{
	json_t *list = json_array();
	int hook;

	for (hook = 0; hook < TG_CONFIG_HOOKS_N; hook++)
		if (hooks >> hook & 1)
			json_array_append_new(list, json_string(tg_hook_name(hook)));
	return list;
}

static json_t *json_mark(const struct tg_config_mark *mark)
{
	json_t *json = json_object();

	if (mark->dscp >= 0)
		json_object_set_new(json, "dscp", json_integer(mark->dscp));
	if (mark->ecn) {
		json_object_set_new(json, "ecn", json_true());
		json_object_set_new(json, "not_ecn",
				    json_string(mark->drop_not_ecn ? "drop" : "pass"));
	}
	if (mark->has_fwmark)
		json_object_set_new(json, "fwmark", json_integer(mark->fwmark));
	if (mark->has_priority)
		json_object_set_new(json, "priority", json_integer(mark->priority));
	return json;
}

/* Adds the keys about excess that apply to the limit. */
static void add_excess(json_t *json, const struct tg_config_limit *limit)
{
	json_object_set_new(json, "on_exceed", json_string(tg_action_name(limit->action)));
	if (limit->action == TG_CONFIG_MARK || limit->mark_above)
		json_object_set_new(json, "mark", json_mark(&limit->mark));
	if (limit->mark_above)
		json_object_set_new(json, "mark_above",
				    json_integer((json_int_t)limit->mark_above));
	if (limit->action == TG_CONFIG_DELAY)
		json_object_set_new(json, "max_delay_ms", json_milliseconds(limit->max_delay));
	if (limit->action == TG_CONFIG_REJECT)
		json_object_set_new(
			json, "reject",
			json_pack("{s:s}", "dns", limit->dns_refused ? "refused" : "truncate"));
	if (limit->backoff.initial)
		json_object_set_new(json, "backoff",
				    json_pack("{s:o, s:f, s:o}", "initial_ms",
					      json_milliseconds(limit->backoff.initial), "factor",
					      limit->backoff.factor / 1000.0, "max_ms",
					      json_milliseconds(limit->backoff.max)));
	json_object_set_new(json, "shadow", json_boolean(limit->shadow));
	if (limit->new_sources.capacity)
		json_object_set_new(json, "new_sources",
				    json_pack("{s:I, s:I, s:o}", "burst",
					      (json_int_t)limit->new_sources.capacity, "amount",
					      (json_int_t)limit->new_sources.amount, "interval_ms",
					      json_milliseconds(limit->new_sources.interval)));
}

static double json_part(uint32_t part)
{
	return (double)part / TG_TABLE_WHOLE;
}

static json_t *json_limit(const struct tg_config *config, const struct tg_config_limit *limit,
			  uint32_t reserved)
{
	const struct tg_refill *refill = &limit->refill;
	json_t *json =
		json_pack("{s:s, s:o, s:o, s:o, s:{s:i, s:i}, s:s, s:I, s:I, s:o, s:b}", "name",
			  limit->name, "hooks", json_hooks(tg_config_limit_hooks(config, limit)),
			  "match", json_matched(limit), "per", json_per(limit), "prefix", "ipv4",
			  limit->prefix4, "ipv6", limit->prefix6, "unit", tg_unit_name(limit->unit),
			  "capacity", (json_int_t)refill->capacity, "refill_amount",
			  (json_int_t)refill->amount, "refill_interval_ms",
			  json_milliseconds(refill->interval), "continuous", refill->continuous);

	add_excess(json, limit);
	json_object_set_new(json, "shared", json_boolean(limit->shared));
	if (limit->shared)
		json_object_set_new(json, "on_store_loss",
				    json_string(tg_store_loss_name(limit->on_store_loss)));
	if (limit->has_table_share)
		json_object_set_new(json, "table_share", json_real(json_part(limit->table_share)));
	json_object_set_new(json, "buckets_reserved", json_integer(reserved));
	return json;
}

json_t *tg_config_json_limits(const struct tg_config *config)
{
	struct tg_table_division division;
	json_t *list = json_array();
	size_t i;

	tg_config_divide_table(config, &division);
	for (i = 0; i < config->limits_n; i++)
		json_array_append_new(list,
				      json_limit(config, &config->limits[i], division.reserved[i]));
	return list;
}

json_t *tg_config_json_table(const struct tg_config *config)
{
	struct tg_table_division division;

	tg_config_divide_table(config, &division);
	return json_pack("{s:I, s:f, s:I}", "size", (json_int_t)config->table_size, "reserve",
			 json_part(config->table_reserve), "open", (json_int_t)division.open);
}

json_t *tg_config_json_interfaces(const struct tg_config *config)
{
	const struct tg_config_interface *interface;
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < config->interfaces_n; i++) {
		interface = &config->interfaces[i];
		json_array_append_new(list,
				      json_pack("{s:s, s:o, s:s, s:b}", "name", interface->name,
						"hooks", json_hooks(interface->hooks), "xdp_mode",
						tg_xdp_mode_names[interface->xdp_mode],
						"manage_qdisc", interface->manage_qdisc));
	}
	return list;
}

/* Adds @text unless it is empty. A path may be no UTF-8, which JSON cannot carry. */
static void add_text(json_t *json, const char *key, const char *text)
{
	json_t *value = json_string(text);

	if (*text)
		json_object_set_new(json, key, value ? value : json_string("(not UTF-8)"));
	else
		json_decref(value);
}

json_t *tg_config_json_cluster(const struct tg_config *config)
{
	const struct tg_config_cluster *cluster = &config->cluster;
	char url[TG_CONFIG_STORE_URL_SIZE];
	json_t *json, *stores;
	size_t i;

	if (!cluster->name[0])
		return json_null();
	stores = json_array();
	for (i = 0; i < cluster->stores_n; i++)
		json_array_append_new(stores, json_string(tg_config_store_url(&cluster->stores[i],
									      url, sizeof(url))));
	json = json_pack("{s:s, s:s, s:o, s:o, s:o, s:I, s:I}", "name", cluster->name, "node",
			 cluster->node, "redis", stores, "interval_ms",
			 json_milliseconds(cluster->interval), "stale_after_ms",
			 json_milliseconds(cluster->stale_after), "nodes_expected",
			 (json_int_t)cluster->nodes_expected, "max_sources",
			 (json_int_t)cluster->max_sources);
	add_text(json, "user", cluster->user);
	add_text(json, "password_file", cluster->password_file);
	add_text(json, "ca_file", cluster->ca_file);
	add_text(json, "frame_key_file", cluster->frame_key_file);
	return json;
}
