/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Compares two configurations, and says in sentences what would change. */
#include "explain/diff.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "config/names.h"
#include "explain/describe.h"

#define NAMED 5 /* prefixes of a list that are written out; the rest is counted */

static void add_change(json_t *changes, const char *what, const char *name, const char *change,
		       json_t *details)
{
	json_array_append_new(changes, json_pack("{s:s, s:s, s:s, s:o}", "what", what, "name", name,
						 "change", change, "details", details));
}

__attribute__((format(printf, 2, 3))) static void say(json_t *details, const char *format, ...)
{
	tg_autofree char *text = NULL;
	va_list arguments;

	va_start(arguments, format);
	if (vasprintf(&text, format, arguments) < 0)
		text = NULL;
	va_end(arguments);
	if (text)
		json_array_append_new(details, json_string(text));
}

/* Returns what @describe prints, which the caller frees, or NULL. */
static char *text_of(void (*describe)(const struct tg_config_limit *limit, FILE *out),
		     const struct tg_config_limit *limit)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	describe(limit, out);
	fclose(out);
	return text;
}

static void say_change(json_t *details, void (*describe)(const struct tg_config_limit *, FILE *),
		       const struct tg_config_limit *from, const struct tg_config_limit *to)
{
	tg_autofree char *before = text_of(describe, from), *after = text_of(describe, to);

	if (before && after)
		say(details, "%s; now: %s", after, before);
}

static bool same_refill(const struct tg_refill *a, const struct tg_refill *b)
{
	return a->capacity == b->capacity && a->amount == b->amount && a->interval == b->interval &&
	       a->continuous == b->continuous;
}

static bool same_key(const struct tg_config_limit *a, const struct tg_config_limit *b)
{
	return a->per == b->per && a->per_port == b->per_port &&
	       a->per_protocol == b->per_protocol &&
	       (a->per == TG_CONFIG_PER_EVERYONE || a->per == TG_CONFIG_PER_KEY ||
		(a->prefix4 == b->prefix4 && a->prefix6 == b->prefix6));
}

/* Whether @describe prints the same for both limits, so that nobody would see a difference. */
static bool same_words(void (*describe)(const struct tg_config_limit *, FILE *),
		       const struct tg_config_limit *a, const struct tg_config_limit *b)
{
	tg_autofree char *first = text_of(describe, a), *second = text_of(describe, b);

	return first && second && strcmp(first, second) == 0;
}

static bool same_share(const struct tg_config_limit *a, const struct tg_config_limit *b)
{
	return a->has_table_share == b->has_table_share && a->table_share == b->table_share;
}

static double percent(uint32_t part)
{
	return part * 100.0 / TG_TABLE_WHOLE;
}

static void describe_share(const struct tg_config_limit *limit, FILE *out)
{
	if (limit->has_table_share)
		fprintf(out, "%g%% of the table is its own", percent(limit->table_share));
	else
		fputs("its part of the table is equal to those of the others", out);
}

static bool same_settings(const struct tg_config_limit *a, const struct tg_config_limit *b)
{
	return same_key(a, b) && a->unit == b->unit && same_refill(&a->refill, &b->refill) &&
	       same_refill(&a->new_sources, &b->new_sources) &&
	       tg_match_equal(a->match, b->match) && a->hooks == b->hooks && same_share(a, b) &&
	       same_words(tg_describe_excess, a, b) && same_words(tg_describe_sharing, a, b);
}

static void describe_hooks(const struct tg_config_limit *limit, FILE *out)
{
	fputs("it holds at ", out);
	tg_describe_hooks(limit->hooks, out);
}

/* Adds what changes in a limit. @renamed: the keys of applications get other hashes. */
static void diff_limit(const struct tg_config_limit *from, const struct tg_config_limit *to,
		       bool renamed, uint64_t buckets, json_t *changes)
{
	json_t *details = json_array();

	if (!same_refill(&from->refill, &to->refill))
		say_change(details, tg_describe_refill, from, to);
	if (from->unit != to->unit)
		say(details, "the unit is %s; now: %s", tg_unit_name(to->unit),
		    tg_unit_name(from->unit));
	if (!tg_match_equal(from->match, to->match)) {
		say_change(details, tg_describe_match, from, to);
		say(details,
		    "its buckets stay, and are charged for the packets that match from now on");
	}
	if (from->hooks != to->hooks && from->hooks && to->hooks)
		say_change(details, describe_hooks, from, to);
	if (!same_words(tg_describe_excess, from, to))
		say_change(details, tg_describe_excess, from, to);
	if (!same_words(tg_describe_sharing, from, to))
		say_change(details, tg_describe_sharing, from, to);
	if (!same_key(from, to))
		say_change(details, tg_describe_key, from, to);
	if (!same_key(from, to) || renamed) {
		say(details,
		    "its buckets are keyed anew: the %" PRIu64
		    " live ones go, and everybody starts with a full one",
		    buckets);
	} else if (!same_refill(&from->refill, &to->refill) || from->unit != to->unit) {
		say(details,
		    "%" PRIu64 " live buckets keep the share that is missing: one that is half "
		    "empty stays half empty",
		    buckets);
	}
	if (!same_refill(&from->new_sources, &to->new_sources))
		say_change(details, tg_describe_new_sources, from, to);
	if (!same_share(from, to))
		say_change(details, describe_share, from, to);
	add_change(changes, "limit", to->name, "changed", details);
}

/*
 * Returns the name of a limit of @config that is not in @other and has the settings of @limit, or
 * NULL.
 */
static const char *same_key_limit(const struct tg_config_limit *limit,
				  const struct tg_config *config, const struct tg_config *other)
{
	size_t i;

	for (i = 0; i < config->limits_n; i++)
		if (!tg_config_find_limit(other, config->limits[i].name) &&
		    same_settings(&config->limits[i], limit))
			return config->limits[i].name;
	return NULL;
}

static void add_limit(const struct tg_config *from, const struct tg_config *to,
		      const struct tg_config_limit *limit, json_t *changes)
{
	tg_autofree char *key = text_of(tg_describe_key, limit);
	tg_autofree char *match = text_of(tg_describe_match, limit);
	tg_autofree char *refill = text_of(tg_describe_refill, limit);
	tg_autofree char *excess = text_of(tg_describe_excess, limit);
	tg_autofree char *sharing = text_of(tg_describe_sharing, limit);
	const char *same_key = same_key_limit(limit, from, to);
	json_t *details = json_array();

	if (key && match && refill && excess)
		say(details, "%s, for %s: %s; %s", key, match, refill, excess);
	say(details, "its buckets start full");
	if (limit->shared)
		say(details, "%s", sharing ? sharing : "");
	if (same_key)
		say(details,
		    "it has the settings of %s, which goes: a limit that is renamed is a new one",
		    same_key);
	add_change(changes, "limit", limit->name, "added", details);
}

/* Whether the keys of applications get the same hashes in both; see tg_cluster_secret_note(). */
static bool same_names(const struct tg_config *a, const struct tg_config *b)
{
	if (tg_config_shares_names(a) != tg_config_shares_names(b))
		return false;
	return !tg_config_shares_names(a) ||
	       (strcmp(a->cluster.name, b->cluster.name) == 0 &&
		strcmp(a->cluster.frame_key_file, b->cluster.frame_key_file) == 0);
}

static void diff_limits(const struct tg_config *from, const struct tg_config *to,
			uint64_t (*buckets)(const void *data, const char *limit), const void *data,
			json_t *changes)
{
	bool renamed = !same_names(from, to), rekeyed;
	const struct tg_config_limit *limit, *other;
	json_t *details;
	size_t i;

	for (i = 0; i < to->limits_n; i++) {
		limit = &to->limits[i];
		other = tg_config_find_limit(from, limit->name);
		rekeyed = renamed && limit->per == TG_CONFIG_PER_KEY;
		if (!other)
			add_limit(from, to, limit, changes);
		else if (!same_settings(other, limit) || rekeyed)
			diff_limit(other, limit, rekeyed, buckets(data, limit->name), changes);
	}
	for (i = 0; i < from->limits_n; i++) {
		limit = &from->limits[i];
		if (tg_config_find_limit(to, limit->name))
			continue;
		details = json_array();
		say(details,
		    "its %" PRIu64 " live buckets and its counters go; added again later, it would "
		    "start new",
		    buckets(data, limit->name));
		add_change(changes, "limit", limit->name, "removed", details);
	}
}

static const struct tg_config_interface *find_interface(const struct tg_config *config,
							const char *name)
{
	size_t i;

	for (i = 0; i < config->interfaces_n; i++)
		if (strcmp(config->interfaces[i].name, name) == 0)
			return &config->interfaces[i];
	return NULL;
}

static void say_hooks(json_t *details, const char *what, unsigned int hooks)
{
	tg_autofree char *text = NULL;
	size_t size;
	FILE *out = hooks ? open_memstream(&text, &size) : NULL;

	if (!out)
		return;
	tg_describe_hooks(hooks, out);
	fclose(out);
	say(details, "%s %s", what, text);
}

/* Returns an array of sentences about what is different. */
static json_t *diff_interface(const struct tg_config_interface *from,
			      const struct tg_config_interface *to)
{
	static const char *const truth[] = {"false", "true"};
	json_t *details = json_array();

	say_hooks(details, "limited from now on at", to->hooks & ~from->hooks);
	say_hooks(details, "not limited any more at", from->hooks & ~to->hooks);
	if (from->xdp_mode != to->xdp_mode)
		say(details, "xdp_mode is %s; now: %s", tg_xdp_mode_names[to->xdp_mode],
		    tg_xdp_mode_names[from->xdp_mode]);
	if (from->manage_qdisc != to->manage_qdisc)
		say(details, "manage_qdisc is %s; now: %s", truth[to->manage_qdisc],
		    truth[from->manage_qdisc]);
	return details;
}

static void diff_interfaces(const struct tg_config *from, const struct tg_config *to,
			    json_t *changes)
{
	const struct tg_config_interface *interface, *other;
	json_t *details;
	size_t i;

	for (i = 0; i < to->interfaces_n; i++) {
		interface = &to->interfaces[i];
		other = find_interface(from, interface->name);
		details = other ? diff_interface(other, interface) : json_array();
		if (other && !json_array_size(details)) {
			json_decref(details);
			continue;
		}
		add_change(changes, "interface", interface->name, other ? "changed" : "added",
			   details);
	}
	for (i = 0; i < from->interfaces_n; i++)
		if (!find_interface(to, from->interfaces[i].name))
			add_change(changes, "interface", from->interfaces[i].name, "removed",
				   json_array());
}

/*
 * Returns how many prefixes of @list are not in @other; the first few to @names. Both are sorted.
 */
static size_t only_in(const struct tg_prefix_list *list, const struct tg_prefix_list *other,
		      char *names, size_t size)
{
	char text[TG_PREFIX_TEXT_SIZE];
	size_t i, j = 0, n = 0, length = 0;
	int order;

	names[0] = '\0';
	for (i = 0; i < list->n; i++) {
		order = 1;
		while (j < other->n && (order = memcmp(&other->items[j], &list->items[i],
						       sizeof(*list->items))) < 0)
			j++;
		if (j < other->n && order == 0)
			continue;
		if (n < NAMED)
			length += snprintf(names + length, size - length, "%s%s", n ? ", " : "",
					   tg_prefix_format(&list->items[i], text, sizeof(text)));
		n++;
	}
	if (n > NAMED)
		snprintf(names + length, size - length, " and %zu more", n - NAMED);
	return n;
}

static void diff_list(const char *what, const struct tg_prefix_list *from,
		      const struct tg_prefix_list *to, json_t *changes)
{
	char names[NAMED * (TG_PREFIX_TEXT_SIZE + 2) + 64];
	json_t *details = json_array();
	size_t n;

	n = only_in(to, from, names, sizeof(names));
	if (n)
		say(details, "%zu more: %s", n, names);
	n = only_in(from, to, names, sizeof(names));
	if (n)
		say(details, "%zu fewer: %s", n, names);
	if (json_array_size(details))
		add_change(changes, what, "", "changed", details);
	else
		json_decref(details);
}

static void diff_settings(const struct tg_config *from, const struct tg_config *to, json_t *changes)
{
	static const char *const on_stop[] = {"detach", "keep"};
	json_t *details;

	if (from->table_size != to->table_size || from->table_reserve != to->table_reserve) {
		details = json_array();
		if (from->table_size != to->table_size) {
			say(details, "room for %u buckets; now: %u", to->table_size,
			    from->table_size);
			say(details,
			    "live buckets are copied; what is charged in those milliseconds is "
			    "lost, and what does not fit starts full");
		}
		if (from->table_reserve != to->table_reserve)
			say(details, "%g%% of it is reserved for the limits; now: %g%%",
			    percent(to->table_reserve), percent(from->table_reserve));
		add_change(changes, "table", "", "changed", details);
	}
	if (from->on_stop != to->on_stop) {
		details = json_array();
		say(details, "%s; now: %s", on_stop[to->on_stop], on_stop[from->on_stop]);
		add_change(changes, "on_stop", "", "changed", details);
	}
}

static char *text_of_cluster(const struct tg_config_cluster *cluster)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	tg_describe_cluster(cluster, out);
	fclose(out);
	return text;
}

static void diff_text(json_t *details, const char *what, const char *from, const char *to)
{
	if (strcmp(from, to) != 0)
		say(details, "%s is %s; now: %s", what, *to ? to : "not given",
		    *from ? from : "not given");
}

static void diff_cluster(const struct tg_config_cluster *from, const struct tg_config_cluster *to,
			 json_t *changes)
{
	tg_autofree char *before = text_of_cluster(from), *after = text_of_cluster(to);
	json_t *details = json_array();

	if (from->name[0] && to->name[0] && before && after && strcmp(before, after) != 0)
		say(details, "%s; now: %s", after, before);
	diff_text(details, "user", from->user, to->user);
	diff_text(details, "password_file", from->password_file, to->password_file);
	diff_text(details, "ca_file", from->ca_file, to->ca_file);
	diff_text(details, "frame_key_file", from->frame_key_file, to->frame_key_file);
	if (!from->name[0] != !to->name[0])
		add_change(changes, "cluster", to->name[0] ? to->name : from->name,
			   to->name[0] ? "added" : "removed", details);
	else if (json_array_size(details))
		add_change(changes, "cluster", to->name, "changed", details);
	else
		json_decref(details);
}

json_t *tg_config_diff(const struct tg_config *from, const struct tg_config *to,
		       uint64_t (*buckets)(const void *data, const char *limit), const void *data)
{
	json_t *changes = json_array();

	if (!changes)
		return NULL;
	diff_interfaces(from, to, changes);
	diff_list("allow", &from->allow, &to->allow, changes);
	diff_list("deny", &from->deny, &to->deny, changes);
	diff_settings(from, to, changes);
	diff_cluster(&from->cluster, &to->cluster, changes);
	diff_limits(from, to, buckets, data, changes);
	return changes;
}
