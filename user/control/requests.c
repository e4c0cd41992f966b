// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands, and who may use which. */
#include <string.h>

#include "base/exit.h"
#include "control/requests.h"
#include "control/requests_entries.h"
#include "control/requests_policy.h"
#include "control/requests_set.h"
#include "control/requests_show.h"
#include "control/server.h"
#include "control/top.h"

static const struct command {
	const char *name;
	tg_request_function *handle;
	tg_request_later_function *begin; /* instead of handle */
	const struct tg_walk_kind *walk;  /* instead of both */
	bool only_looks;		  /* members of the daemon's group may use it */
} commands[] = {
	{"status", .handle = tg_request_status, .only_looks = true},
	{"limits", .handle = tg_request_limits, .only_looks = true},
	{"top", .walk = &tg_walk_top, .only_looks = true},
	{"why", .walk = &tg_walk_why, .only_looks = true},
	{"cluster", .handle = tg_request_cluster, .only_looks = true},
	{"events", .handle = tg_request_events, .only_looks = true},
	{"set", .begin = tg_request_set},
	{"shadow", .begin = tg_request_shadow},
	{"reset", .begin = tg_request_reset},
	{"reload", .begin = tg_request_reload},
	{"diff", .begin = tg_request_diff}, /* it reads any file with the daemon's rights */
	{"apply", .begin = tg_request_apply},
	{"confirm", .handle = tg_request_confirm},
	{"rollback", .begin = tg_request_rollback},
	{"entries_add", .handle = tg_request_add_entries},
	{"entries_remove", .handle = tg_request_remove_entries},
	{"entries_list", .handle = tg_request_list_entries, .only_looks = true},
	{"detach", .handle = tg_request_detach},
	{"version", .handle = tg_request_version, .only_looks = true},
};

static json_t *refuse_member(const char *name)
{
	return tg_reply_fail(
		TG_EXIT_REFUSED,
		"members of the daemon's group may look, and only root may %s; run it with sudo",
		name);
}

/* Returns the command that the request names; or NULL, and then *@reply is the reply. */
static const struct command *find(const json_t *request, bool may_change, json_t **reply)
{
	const char *name = tg_request_text(request, "command");
	size_t i;

	for (i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		if (may_change || commands[i].only_looks)
			return &commands[i];
		*reply = refuse_member(name);
		return NULL;
	}
	*reply = tg_reply_fail(TG_EXIT_USAGE, "the daemon knows no command \"%s\"",
			       name ? name : "");
	return NULL;
}

json_t *tg_request_handle(struct tg_daemon *daemon, const json_t *request)
{
	json_t *reply = NULL;
	const struct command *command = find(request, false, &reply);

	if (!command)
		return reply;
	if (command->walk)
		return tg_walks_ask_now(daemon, command->walk, request);
	return command->handle ? command->handle(daemon, request) : refuse_member(command->name);
}

void tg_request_begin(void *daemon, json_t *request, bool may_change, struct tg_pending *pending)
{
	json_t *reply = NULL;
	const struct command *command = find(request, may_change, &reply);

	if (!command)
		tg_control_reply(pending, reply);
	else if (command->walk)
		tg_walks_ask(daemon, command->walk, request,
			     may_change ? TG_WALK_ROOT : TG_WALK_MEMBER, pending);
	else if (command->handle)
		tg_control_reply(pending, command->handle(daemon, request));
	else
		command->begin(daemon, request, pending);
}
