/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tidegate check FILE: is it valid, and what would it do? Needs no daemon and no privileges. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "commands.h"
#include "config.h"
#include "config_advice.h"
#include "describe.h"
#include "log.h"
#include "units.h"

#define LIST_SHOWN 8

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static void print_limit(const struct tg_config_limit *limit, FILE *out)
{
	fprintf(out, "  %s: ", limit->name);
	tg_describe_key(limit, out);
	if (limit->per == TG_CONFIG_PER_DESTINATION)
		fputs(" receiving ", out);
	else
		fputs(limit->unit == TG_CONFIG_CONNECTIONS ? " opening " : " sending ", out);
	tg_describe_match(limit, out);
	fputs(": ", out);
	tg_describe_refill(limit, out);
	fputs("; what exceeds is dropped\n", out);
}

static void print_list(const char *title, const struct tg_prefix_list *list, FILE *out)
{
	char text[TG_PREFIX_TEXT_SIZE];
	size_t i;

	if (!list->n)
		return;
	fprintf(out, "%s: ", title);
	for (i = 0; i < list->n && i < LIST_SHOWN; i++)
		fprintf(out, "%s%s", i ? ", " : "",
			tg_prefix_format(&list->items[i], text, sizeof(text)));
	if (list->n > LIST_SHOWN)
		fprintf(out, " and %zu more", list->n - LIST_SHOWN);
	fputc('\n', out);
}

static void print_interfaces(const struct tg_config *config, FILE *out)
{
	static const char *const modes[] = {
		[TG_XDP_AUTO] = "XDP, native where the driver has it",
		[TG_XDP_NATIVE] = "native XDP",
		[TG_XDP_GENERIC] = "generic XDP",
	};
	size_t i;

	fputs("interfaces: ", out);
	for (i = 0; i < config->interfaces_n; i++)
		fprintf(out, "%s%s (%s)", i ? ", " : "", config->interfaces[i].name,
			modes[config->interfaces[i].xdp_mode]);
	fputc('\n', out);
}

static void print_config(const struct tg_config *config, FILE *out)
{
	size_t i;

	fprintf(out, "%s is valid. It would enforce:\n", config->path);
	print_interfaces(config, out);
	fprintf(out, "table: %u bucket%s kept at once, all limits together\n", config->table_size,
		plural(config->table_size));
	fprintf(out, "on stop: %s\n",
		config->on_stop == TG_ON_STOP_KEEP ? "enforcement stays in place"
						   : "enforcement ends");
	print_list("never limited", &config->allow, out);
	print_list("always dropped", &config->deny, out);
	if (!config->limits_n)
		fputs("limits: none\n", out);
	else
		fputs("limits (a packet goes on only if all that it matches admit it):\n", out);
	for (i = 0; i < config->limits_n; i++)
		print_limit(&config->limits[i], out);
}

/* A file's name may be no UTF-8, which JSON cannot carry. */
static json_t *json_text(const char *text)
{
	json_t *json = json_string(text);

	return json ? json : json_string("(not UTF-8)");
}

static json_t *json_diagnostics(const struct tg_diagnostics *diagnostics, enum tg_severity severity)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < diagnostics->n; i++) {
		const struct tg_diagnostic *item = &diagnostics->items[i];

		if (item->severity == severity)
			json_array_append_new(list,
					      json_pack("{s:o, s:I, s:I, s:o}", "file",
							json_text(item->file), "line",
							(json_int_t)item->place.line, "column",
							(json_int_t)item->place.column, "message",
							json_text(item->message)));
	}
	return list;
}

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

/* Only the conditions that are there; values as they came out, not as they were written. */
static json_t *json_matched(const struct tg_config_limit *limit)
{
	static const char *const names[TG_FIELDS] = {
		[TG_FIELD_PROTOCOL] = "protocol",
		[TG_FIELD_SOURCE_PORT] = "source_port",
		[TG_FIELD_DESTINATION_PORT] = "destination_port",
		[TG_FIELD_TCP_FLAGS] = "tcp_flags",
		[TG_FIELD_ICMP_TYPE] = "icmp_type",
		[TG_FIELD_LENGTH] = "length",
	};
	const struct tg_match *match = &limit->match;
	json_t *json = json_object();
	int field;

	for (field = 0; field < TG_FIELDS; field++)
		if (match->fields[field].given)
			json_object_set_new(json, names[field], json_values(&match->fields[field]));
	add_addresses(json, "source", &match->source);
	add_addresses(json, "destination", &match->destination);
	if (match->fragments != TG_FRAGMENTS_AND_WHOLE)
		json_object_set_new(json, "fragment",
				    json_boolean(match->fragments == TG_FRAGMENTS_ONLY));
	return json;
}

/* As the file has it: one word, or a list of them. */
static json_t *json_per(const struct tg_config_limit *limit)
{
	static const char *const pers[] = {
		[TG_CONFIG_PER_SOURCE] = "source",
		[TG_CONFIG_PER_DESTINATION] = "destination",
		[TG_CONFIG_PER_EVERYONE] = "everyone",
	};
	json_t *list;

	if (!limit->per_port && !limit->per_protocol)
		return json_string(pers[limit->per]);
	list = json_pack("[s]", pers[limit->per]);
	if (limit->per_port)
		json_array_append_new(list, json_string("destination_port"));
	if (limit->per_protocol)
		json_array_append_new(list, json_string("protocol"));
	return list;
}

static json_t *json_milliseconds(uint64_t ns)
{
	if (ns % 1000000 == 0)
		return json_integer((json_int_t)(ns / 1000000));
	return json_real((double)ns / 1e6);
}

static json_t *json_limit(const struct tg_config_limit *limit)
{
	const struct tg_refill *refill = &limit->refill;

	return json_pack("{s:s, s:o, s:o, s:{s:i, s:i}, s:s, s:I, s:I, s:o, s:b, s:s, s:b}", "name",
			 limit->name, "match", json_matched(limit), "per", json_per(limit),
			 "prefix", "ipv4", limit->prefix4, "ipv6", limit->prefix6, "unit",
			 tg_unit_name(limit->unit), "capacity", (json_int_t)refill->capacity,
			 "refill_amount", (json_int_t)refill->amount, "refill_interval_ms",
			 json_milliseconds(refill->interval), "continuous", refill->continuous,
			 "on_exceed", "drop", "shadow", false);
}

static void free_json(json_t **json)
{
	json_decref(*json);
}

static int print_json(const struct tg_config *config, const struct tg_diagnostics *diagnostics)
{
	json_t *limits = json_array();
	tg_cleanup(free_json) json_t *json = NULL;
	size_t i;

	for (i = 0; config && i < config->limits_n; i++)
		json_array_append_new(limits, json_limit(&config->limits[i]));
	json = json_pack("{s:b, s:o, s:o, s:o}", "valid", config != NULL, "errors",
			 json_diagnostics(diagnostics, TG_ERROR), "warnings",
			 json_diagnostics(diagnostics, TG_WARNING), "limits", limits);
	if (!json)
		return -ENOMEM;
	if (json_dumpf(json, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15)) < 0 ||
	    putchar('\n') == EOF)
		return -EIO;
	return 0;
}

static int check(const char *path, bool json)
{
	tg_cleanup(tg_diagnostics_clear) struct tg_diagnostics diagnostics = {0};
	tg_cleanup(tg_config_free) struct tg_config *config = NULL;
	int r = tg_config_load(path, &config, &diagnostics);

	if (r == 0)
		tg_config_advise(config, &diagnostics);
	tg_diagnostics_print(&diagnostics, stderr);
	if (json && print_json(config, &diagnostics) < 0)
		return TG_EXIT_FAILED;
	if (!json && r == 0)
		print_config(config, stdout);
	if (fflush(stdout) == EOF) {
		tg_fail(errno, "standard output");
		return TG_EXIT_FAILED;
	}
	if (r)
		return r == -EINVAL ? TG_EXIT_INVALID : TG_EXIT_FAILED;
	return TG_EXIT_OK;
}

int cmd_check(int argc, char **argv)
{
	static const struct option options[] = {
		{"json", no_argument, NULL, 'j'},
		{NULL, 0, NULL, 0},
	};
	bool json = false;
	int option;

	optind = 0; /* the caller may have parsed options of its own */
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option != 'j')
			return TG_EXIT_USAGE;
		json = true;
	}
	if (argc - optind != 1) {
		tg_log(TG_LOG_ERROR, "usage: tidegate check FILE [--json]");
		return TG_EXIT_USAGE;
	}
	return check(argv[optind], json);
}
