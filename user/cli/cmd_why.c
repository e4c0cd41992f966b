// SPDX-License-Identifier: GPL-2.0-or-later
/* The command why: shows which lists and limits hold for an address or a key, and its buckets. */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cli/arguments.h"
#include "cli/show.h"
#include "control/client.h"
#include "cli/commands.h"
#include "base/json.h"
#include "base/log.h"
#include "base/prefix.h"

#define SPAN_SIZE 32

/* Writes ms below 10 s, else whole seconds, rounded up. */
static const char *span(long long ms, char text[SPAN_SIZE])
{
	if (ms < 10000)
		snprintf(text, SPAN_SIZE, "%lld ms", ms);
	else
		snprintf(text, SPAN_SIZE, "%lld s", (ms + 999) / 1000);
	return text;
}

static void print_backoff(long long attempt, long long backoff_ms)
{
	char text[SPAN_SIZE];

	if (backoff_ms)
		printf("    backoff: attempt %lld, closed for another %s\n", attempt,
		       span(backoff_ms, text));
	else if (attempt)
		printf("    backoff: attempt %lld, open again\n", attempt);
}

/* Prints what other nodes took from the bucket. */
static void print_shared(const json_t *shared)
{
	const char *mode = tg_json_text(shared, "mode");
	double pace = json_number_value(json_object_get(shared, "elsewhere_per_s"));

	if (!json_is_object(shared))
		return;
	if (strcmp(mode, "shared") != 0)
		printf("    the other nodes are not heard, so it is limited here alone: %s", mode);
	if (strcmp(mode, "split") == 0)
		printf(" by %lld", tg_json_number(shared, "parts"));
	if (strcmp(mode, "shared") != 0)
		putchar('\n');
	else if (!json_is_true(json_object_get(shared, "listed")))
		puts("    shared with other nodes, which have no news of it");
	else
		printf("    shared with other nodes: %lld taken there and charged here, %.0f a "
		       "second lately\n",
		       tg_json_number(shared, "elsewhere"), pace);
}

static void print_bucket(const json_t *limit)
{
	const char *state = tg_json_text(limit, "state");
	const json_t *ago = json_object_get(limit, "exceeded_ago_ms");
	bool shadow = json_is_true(json_object_get(limit, "shadow"));
	char text[SPAN_SIZE];

	printf("%s (bucket %s", tg_json_text(limit, "limit"), tg_json_text(limit, "bucket"));
	if (json_object_get(limit, "destination_port"))
		printf(", port %lld", tg_json_number(limit, "destination_port"));
	if (json_object_get(limit, "protocol"))
		printf(", protocol %lld", tg_json_number(limit, "protocol"));
	fputs("): ", stdout);
	if (json_is_true(json_object_get(limit, "overflow")))
		fputs("no bucket of its own, shares one with other sources: ", stdout);
	else if (strcmp(state, "untracked") == 0) {
		printf("no bucket yet, so all %lld %s are there\n",
		       tg_json_number(limit, "capacity"), tg_json_text(limit, "unit"));
		print_shared(json_object_get(limit, "shared"));
		return;
	}
	printf("%lld of %lld %s left", tg_json_number(limit, "remaining"),
	       tg_json_number(limit, "capacity"), tg_json_text(limit, "unit"));
	if (tg_json_number(limit, "retry_after_ms"))
		printf("; %s now, the next packet is admitted in %s",
		       shadow ? "would refuse but for shadow" : "refuses",
		       span(tg_json_number(limit, "retry_after_ms"), text));
	if (tg_json_number(limit, "reset_ms"))
		printf("; full in %s", span(tg_json_number(limit, "reset_ms"), text));
	putchar('\n');
	print_backoff(tg_json_number(limit, "attempt"), tg_json_number(limit, "backoff_ms"));
	printf("    admitted %lld packets, %s %lld", tg_json_number(limit, "admitted"),
	       shadow ? "let go on as a shadow limit" : "refused",
	       tg_json_number(limit, "exceeded"));
	if (json_is_integer(ago))
		printf(", the last %s ago", span(json_integer_value(ago), text));
	putchar('\n');
	print_shared(json_object_get(limit, "shared"));
}

/* Prints the entry that decides, if there is one. */
static void print_listed(const char *address, const json_t *listed)
{
	const json_t *left = json_object_get(listed, "expires_in_ms");
	const char *list = tg_json_text(listed, "list"), *note = tg_json_text(listed, "note");
	bool dynamic = strcmp(tg_json_text(listed, "origin"), "dynamic") == 0;
	char text[SPAN_SIZE];

	if (!*list)
		return;
	printf("%s is on the %s list by %s, %s: %s\n", address, list,
	       tg_json_text(listed, "prefix"), dynamic ? "a dynamic entry" : "configured",
	       strcmp(list, "allow") == 0 ? "no limit holds for it"
					  : "all its packets are dropped");
	if (json_is_integer(left))
		printf("    for another %s\n", span(json_integer_value(left), text));
	if (*note)
		printf("    %s\n", note);
}

static void print_why(const json_t *result, const struct tg_arguments *arguments)
{
	const json_t *limits = json_object_get(result, "limits"), *limit;
	bool is_key = json_object_get(result, "key") != NULL;
	size_t i;

	print_listed(tg_json_text(result, "address"), json_object_get(result, "list"));
	if (!json_array_size(limits))
		puts(is_key ? "no limit has per: key" : "no limit has anything to say about it");
	json_array_foreach(limits, i, limit) print_bucket(limit);
}

static int run_why(const struct tg_arguments *arguments)
{
	struct tg_prefix address;
	char why[256];

	if (!arguments->key == !arguments->operands_n) {
		tg_log(TG_LOG_ERROR, "`why` needs an ADDRESS, or --key KEY");
		return TG_EXIT_USAGE;
	}
	if (arguments->key)
		return tg_show(json_pack("{s:s, s:s}", "command", "why", "key", arguments->key),
			       arguments, print_why);
	if (tg_prefix_parse(arguments->operands[0], &address, why, sizeof(why)) ||
	    address.length != 128) {
		tg_log(TG_LOG_ERROR,
		       "\"%s\" is not an address; write it as 192.0.2.9 or 2001:db8::9",
		       arguments->operands[0]);
		return TG_EXIT_USAGE;
	}
	return tg_show(json_pack("{s:s, s:s}", "command", "why", "address", arguments->operands[0]),
		       arguments, print_why);
}

static const struct tg_option options[] = {
	TG_OPERAND("ADDRESS", "of a source, IPv4 or IPv6", TG_EITHER),
	TG_OPTION(TG_TEXT, "key", key, "KEY", "a text that applications name", .need = TG_EITHER),
	{},
};

const struct tg_command cmd_why = {
	.name = "why",
	.does = "how an address stands with each limit, or a key",
	.options = options,
	.run = run_why,
};
