// SPDX-License-Identifier: GPL-2.0-or-later
/* The command events: shows a sample of packets that exceeded limits, once or as they come. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "cli/columns.h"
#include "control/client.h"
#include "cli/commands.h"
#include "base/json.h"
#include "base/log.h"

#define PAGE	 500 /* events of a request */
#define PAUSE_US 200000

static const char *protocol_name(const json_t *protocol, char *text, size_t size)
{
	if (json_is_string(protocol)) /* not_ip */
		return json_string_value(protocol);
	switch (json_integer_value(protocol)) {
	case IPPROTO_TCP:
		return "tcp";
	case IPPROTO_UDP:
		return "udp";
	case IPPROTO_ICMP:
		return "icmp";
	case IPPROTO_ICMPV6:
		return "icmpv6";
	case IPPROTO_SCTP:
		return "sctp";
	}
	snprintf(text, size, "%lld", (long long)json_integer_value(protocol));
	return text;
}

/* Writes ADDRESS:PORT, [ADDRESS]:PORT for IPv6, or ADDRESS if the event has no port. */
static const char *end_of(const json_t *event, const char *address, const char *port, char *text,
			  size_t size)
{
	const json_t *number = json_object_get(event, port);
	const char *host = tg_json_text(event, address);

	if (!number)
		return host;
	snprintf(text, size, strchr(host, ':') ? "[%s]:%lld" : "%s:%lld", host,
		 (long long)json_integer_value(number));
	return text;
}

/* The widths are fixed, because rows are printed as they come. */
static const struct tg_column columns[] = {
	TG_COLUMN("time", "TIME", .width = 24),
	TG_COLUMN("limit", "LIMIT", .width = 24),
	TG_COLUMN("verdict", "VERDICT", .width = 15),
	TG_COLUMN("hook", "HOOK", .width = 10),
	TG_COLUMN("protocol", "PROTO", .width = 7),
	TG_COLUMN("source", "SOURCE", .width = 26),
	TG_COLUMN("destination", "DESTINATION", .width = 26),
	TG_COLUMN("not_shown", ""),
	{},
};

static json_t *event_row(const json_t *event)
{
	char source[80], destination[80], protocol[16], more[48] = "";
	json_int_t not_shown = tg_json_number(event, "not_shown");

	if (not_shown)
		snprintf(more, sizeof(more), "and %lld more before", (long long)not_shown);
	return json_pack(
		"[s,s,s,s,s,s,s,s]", tg_json_text(event, "time"), tg_json_text(event, "limit"),
		tg_json_text(event, "verdict"), tg_json_text(event, "hook"),
		protocol_name(json_object_get(event, "protocol"), protocol, sizeof(protocol)),
		end_of(event, "source", "source_port", source, sizeof(source)),
		end_of(event, "destination", "destination_port", destination, sizeof(destination)),
		more);
}

static void print_events_json(const json_t *page)
{
	const json_t *event;
	size_t i;

	json_array_foreach(json_object_get(page, "events"), i, event)
	{
		json_dumpf(event, stdout, JSON_COMPACT);
		putchar('\n');
	}
}

static int print_page(const json_t *page, bool headings, const struct tg_arguments *arguments)
{
	json_t *rows;
	const json_t *event;
	size_t i;
	int error;

	if (arguments->json) {
		print_events_json(page);
		return fflush(stdout) ? TG_EXIT_FAILED : TG_EXIT_OK;
	}
	rows = json_array();
	json_array_foreach(json_object_get(page, "events"), i, event)
		json_array_append_new(rows, event_row(event));
	error = tg_columns_print(columns, rows, arguments->columns, headings, stdout);
	json_decref(rows);
	if (error)
		tg_log(TG_LOG_ERROR, "out of memory");
	return error || fflush(stdout) ? TG_EXIT_FAILED : TG_EXIT_OK;
}

/* Asks for @n events after those of @before, a reply of the daemon, or for the last ones. */
static json_t *events_request(const struct tg_arguments *arguments, const json_t *before,
			      json_int_t n)
{
	return json_pack("{s:s, s:s*, s:I, s:O*, s:I, s:b}", "command", "events", "limit",
			 arguments->limit, "after", tg_json_number(before, "next"), "epoch",
			 json_object_get(before, "epoch"), "n", n, "last", !before);
}

static void tell_restart(const json_t *before, const json_t *page)
{
	if (strcmp(tg_json_text(before, "epoch"), tg_json_text(page, "epoch")) != 0)
		tg_log(TG_LOG_WARNING,
		       "the daemon was restarted; events that the earlier one had not handed over "
		       "yet are lost");
}

/*
 * Shows events after @page until the daemon does not answer or standard output fails. Takes the
 * reference to @page. Returns the exit code.
 */
static int follow(const struct tg_arguments *arguments, json_t *page)
{
	int code = TG_EXIT_OK;

	while (code == TG_EXIT_OK) {
		json_auto_t *before = page;

		page = NULL;
		code = tg_client_ask(events_request(arguments, before, PAGE), false, &page, NULL);
		if (code != TG_EXIT_OK)
			break;
		tell_restart(before, page);
		code = print_page(page, false, arguments);
		if (json_array_size(json_object_get(page, "events")) < PAGE)
			usleep(PAUSE_US);
	}
	json_decref(page);
	return code;
}

static int run_events(const struct tg_arguments *arguments)
{
	json_t *page = NULL;
	int code;

	code = tg_client_ask(events_request(arguments, NULL, arguments->n), false, &page, NULL);
	if (code != TG_EXIT_OK)
		return code;
	if (arguments->json && !arguments->follow) {
		json_dumpf(page, stdout, JSON_COMPACT);
		putchar('\n');
		code = fflush(stdout) ? TG_EXIT_FAILED : TG_EXIT_OK;
	} else {
		code = print_page(page, !arguments->noheadings, arguments);
	}
	if (code == TG_EXIT_OK && arguments->follow)
		return follow(arguments, page);
	json_decref(page);
	return code;
}

static const struct tg_option options[] = {
	TG_OPTION(TG_FLAG, "follow", follow, NULL,
		  "then show new ones as they come; with --json one object a line"),
	TG_OPTION(TG_TEXT, "limit", limit, "L", "only those of this limit"),
	TG_OPTION(TG_NUMBER, "number", n, "N", "the last so many", .least = 1, .most = 1000,
		  .otherwise = 20, .letter = 'n'),
	{},
};

const struct tg_command cmd_events = {
	.name = "events",
	.does = "a sample of who exceeded what, and when",
	.options = options,
	.tables = {columns},
	.run = run_events,
};
