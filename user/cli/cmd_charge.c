// SPDX-License-Identifier: GPL-2.0-or-later
/* The command charge: takes tokens by the library, as an application does; needs no daemon. */
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <tidegate.h>

#include "cli/arguments.h"
#include "base/cleanup.h"
#include "control/client.h"
#include "cli/commands.h"
#include "base/json.h"
#include "base/log.h"
#include "base/clock.h"

/* Returns --state, or the state directory of the daemon that answers, or the default. The caller
 * frees it. NULL when out of memory. */
static char *find_state(const char *given)
{
	json_t *status = NULL;
	char *state;

	if (given)
		return strdup(given);
	if (tg_client_ask(json_pack("{s:s}", "command", "status"), true, &status, NULL) !=
	    TG_EXIT_OK)
		return strdup(TIDEGATE_STATE_DIR);
	state = strdup(tg_json_text(json_object_get(status, "daemon"), "state"));
	json_decref(status);
	return state;
}

/* Rounds up, so that waiting so long is always enough. Returns null for never. */
static json_t *to_ms(uint64_t ns)
{
	if (ns == TIDEGATE_NEVER)
		return json_null();
	return json_integer(ns / NS_PER_MS + (ns % NS_PER_MS != 0));
}

static void print_answer(const char *limit, const char *key, const struct tidegate_answer *answer,
			 bool json)
{
	json_t *result = json_pack(
		"{s:s, s:s, s:b, s:b, s:I, s:I, s:o, s:o, s:o}", "limit", limit, "key", key,
		"admitted", (int)answer->admitted, "shadow", (int)answer->shadow, "capacity",
		(json_int_t)answer->limit, "remaining", (json_int_t)answer->remaining, "reset_ms",
		to_ms(answer->reset_ns), "retry_after_ms", to_ms(answer->retry_after_ns),
		"delay_ms", to_ms(answer->delay_ns));

	if (json) {
		json_dumpf(result, stdout, JSON_COMPACT);
		putchar('\n');
		json_decref(result);
		return;
	}
	printf("%s: %" PRIu64 " of %" PRIu64 " left, full in %lld ms",
	       answer->admitted ? "admitted" : "refused", answer->remaining, answer->limit,
	       tg_json_number(result, "reset_ms"));
	if (answer->retry_after_ns == TIDEGATE_NEVER)
		fputs("; the bucket never holds so many", stdout);
	else if (!answer->admitted)
		printf("; try again in %lld ms", tg_json_number(result, "retry_after_ms"));
	putchar('\n');
	json_decref(result);
}

static int code_of(int error)
{
	switch (-error) {
	case ENOTCONN:
		return TG_EXIT_NO_DAEMON;
	case ENOENT:
		return TG_EXIT_NOT_FOUND;
	case EACCES:
		return TG_EXIT_REFUSED;
	case EINVAL:
		return TG_EXIT_USAGE;
	}
	return TG_EXIT_FAILED;
}

static void close_handle(struct tidegate **handle)
{
	tidegate_close(handle);
}

static int run_charge(const struct tg_arguments *arguments)
{
	tg_cleanup(close_handle) struct tidegate *handle = NULL;
	tg_autofree char *state = NULL;
	struct tidegate_answer answer;
	int error;

	state = find_state(arguments->state);
	error = state ? tidegate_open(state, &handle) : -ENOMEM;
	if (!error)
		error = tidegate_charge(handle, arguments->operands[0], arguments->operands[1],
					arguments->cost, &answer);
	if (error) {
		tg_log(TG_LOG_ERROR, "%s, key \"%s\", in %s: %s", arguments->operands[0],
		       arguments->operands[1], state ? state : "?", tidegate_strerror(error));
		return code_of(error);
	}
	print_answer(arguments->operands[0], arguments->operands[1], &answer, arguments->json);
	if (fflush(stdout))
		return TG_EXIT_FAILED;
	return answer.admitted ? TG_EXIT_OK : TG_EXIT_EXCEEDED;
}

static const struct tg_option options[] = {
	TG_OPERAND("LIMIT", "one with per: key", TG_REQUIRED),
	TG_OPERAND("KEY", "whose bucket, such as a user's name", TG_REQUIRED),
	TG_OPTION(TG_NUMBER, "cost", cost, "N", "so many tokens", .most = UINT64_MAX,
		  .otherwise = 1),
	TG_OPTION(TG_TEXT, "state", state, "DIR",
		  "the daemon's state directory, else of the daemon that answers, "
		  "else " TIDEGATE_STATE_DIR),
	{},
};

const struct tg_command cmd_charge = {
	.name = "charge",
	.does = "take tokens as an application does; exit code 10: refused",
	.options = options,
	.run = run_charge,
};
