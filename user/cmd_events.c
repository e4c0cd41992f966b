// SPDX-License-Identifier: GPL-2.0-or-later
/* events: who exceeded what, and when. */
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arguments.h"
#include "client.h"
#include "commands.h"
#include "json.h"
#include "log.h"

#define SHOWN_AT_FIRST 20
#define PAGE	       500
#define PAUSE_US       200000

static const char *protocol_name(json_int_t protocol, char *text, size_t size)
{
	switch (protocol) {
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
	snprintf(text, size, "%lld", (long long)protocol);
	return text;
}

/* ADDRESS, with [ADDRESS]:PORT or ADDRESS:PORT where there is one. */
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

static void print_event(const json_t *event)
{
	char source[80], destination[80], protocol[16];
	json_int_t not_shown = tg_json_number(event, "not_shown");

	printf("%-24s %-24s %-15s %-10s %-7s %-26s %-26s", tg_json_text(event, "time"),
	       tg_json_text(event, "limit"), tg_json_text(event, "verdict"),
	       tg_json_text(event, "hook"),
	       protocol_name(tg_json_number(event, "protocol"), protocol, sizeof(protocol)),
	       end_of(event, "source", "source_port", source, sizeof(source)),
	       end_of(event, "destination", "destination_port", destination, sizeof(destination)));
	if (not_shown)
		printf(" and %lld more before", (long long)not_shown);
	putchar('\n');
}

static void print_page(const json_t *page, bool json)
{
	const json_t *event;
	size_t i;

	json_array_foreach(json_object_get(page, "events"), i, event)
	{
		if (!json) {
			print_event(event);
			continue;
		}
		json_dumpf(event, stdout, JSON_COMPACT);
		putchar('\n');
	}
}

static json_t *request(const struct tg_arguments *arguments, json_int_t after, json_int_t n,
		       bool last)
{
	return json_pack("{s:s, s:s*, s:I, s:I, s:b}", "command", "events", "limit",
			 arguments->limit, "after", after, "n", n, "last", last);
}

/* Until the daemon does not answer, or nobody reads. */
static int follow(const struct tg_arguments *arguments, json_int_t after)
{
	json_t *page;
	int code;

	for (;;) {
		page = NULL;
		code = tg_client_ask(request(arguments, after, PAGE, false), false, &page, NULL);
		if (code != TG_EXIT_OK)
			return code;
		print_page(page, arguments->json);
		after = tg_json_number(page, "next");
		if (json_array_size(json_object_get(page, "events")) < PAGE)
			usleep(PAUSE_US);
		json_decref(page);
		if (fflush(stdout))
			return TG_EXIT_FAILED;
	}
}

int cmd_events(int argc, char **argv)
{
	struct tg_arguments arguments;
	json_t *page = NULL;
	json_int_t after;
	int code;

	if (!tg_arguments_parse(argc, argv, "lnF", 0, 0, &arguments))
		return TG_EXIT_USAGE;
	code = tg_client_ask(
		request(&arguments, 0, arguments.n ? arguments.n : SHOWN_AT_FIRST, true), false,
		&page, NULL);
	if (code != TG_EXIT_OK)
		return code;
	if (!arguments.json)
		printf("%-24s %-24s %-15s %-10s %-7s %-26s %-26s\n", "TIME", "LIMIT", "VERDICT",
		       "HOOK", "PROTO", "SOURCE", "DESTINATION");
	if (arguments.json && !arguments.follow) {
		json_dumpf(page, stdout, JSON_COMPACT);
		putchar('\n');
	} else {
		print_page(page, arguments.json);
	}
	after = tg_json_number(page, "next");
	json_decref(page);
	if (fflush(stdout))
		return TG_EXIT_FAILED;
	return arguments.follow ? follow(&arguments, after) : TG_EXIT_OK;
}
