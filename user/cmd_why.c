// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "arguments.h"
#include "client.h"
#include "commands.h"
#include "log.h"
#include "prefix.h"

static void print_limit(const json_t *limit)
{
	const char *state = tg_json_text(limit, "state");
	const json_t *ago = json_object_get(limit, "exceeded_ago_ms");

	printf("%s (bucket %s", tg_json_text(limit, "limit"), tg_json_text(limit, "bucket"));
	if (json_object_get(limit, "destination_port"))
		printf(", port %lld", tg_json_number(limit, "destination_port"));
	if (json_object_get(limit, "protocol"))
		printf(", protocol %lld", tg_json_number(limit, "protocol"));
	fputs("): ", stdout);
	if (strcmp(state, "untracked") == 0) {
		printf("no bucket yet, so all %lld %s are there\n",
		       tg_json_number(limit, "capacity"), tg_json_text(limit, "unit"));
		return;
	}
	printf("%lld of %lld %s left", tg_json_number(limit, "remaining"),
	       tg_json_number(limit, "capacity"), tg_json_text(limit, "unit"));
	if (tg_json_number(limit, "retry_after_ms"))
		printf("; refuses now, the next packet is admitted in %lld ms",
		       tg_json_number(limit, "retry_after_ms"));
	printf("; full in %lld ms\n", tg_json_number(limit, "reset_ms"));
	printf("    admitted %lld packets, refused %lld", tg_json_number(limit, "admitted"),
	       tg_json_number(limit, "exceeded"));
	if (json_is_integer(ago))
		printf(", the last %lld ms ago", json_integer_value(ago));
	putchar('\n');
}

static void print_why(const json_t *result)
{
	const json_t *limits = json_object_get(result, "limits"), *limit;
	size_t i;

	if (json_is_true(json_object_get(result, "allowed")))
		printf("%s is on the allow list: no limit holds for it\n",
		       tg_json_text(result, "address"));
	if (json_is_true(json_object_get(result, "denied")))
		printf("%s is on the deny list: all its packets are dropped\n",
		       tg_json_text(result, "address"));
	if (!json_array_size(limits))
		puts("no limit has anything to say about it");
	json_array_foreach(limits, i, limit) print_limit(limit);
}

int cmd_why(int argc, char **argv)
{
	struct tg_arguments arguments;
	struct tg_prefix address;
	char why[256];

	if (!tg_arguments_parse(argc, argv, "", 1, 1, &arguments))
		return TG_EXIT_USAGE;
	if (tg_prefix_parse(arguments.operands[0], &address, why, sizeof(why)) ||
	    address.length != 128) {
		tg_log(TG_LOG_ERROR,
		       "\"%s\" is not an address; write it as 192.0.2.9 or 2001:db8::9",
		       arguments.operands[0]);
		return TG_EXIT_USAGE;
	}
	return tg_client_show(
		json_pack("{s:s, s:s}", "command", "why", "address", arguments.operands[0]),
		arguments.json, print_why);
}
