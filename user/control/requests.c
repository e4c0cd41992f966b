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

static const struct command {
	const char *name;
	tg_request_function *handle;
	tg_request_later_function *begin; /* instead of handle */
	bool only_looks;		  /* members of the daemon's group may use it */
} commands[] = {
	{"status", tg_request_status, NULL, true},
	{"limits", tg_request_limits, NULL, true},
	{"top", tg_request_top, NULL, true},
	{"why", tg_request_why, NULL, true},
	{"cluster", tg_request_cluster, NULL, true},
	{"events", tg_request_events, NULL, true},
	{"set", NULL, tg_request_set, false},
	{"shadow", NULL, tg_request_shadow, false},
	{"reset", NULL, tg_request_reset, false},
	{"reload", NULL, tg_request_reload, false},
	{"diff", NULL, tg_request_diff, false}, /* it reads any file with the daemon's rights */
	{"apply", NULL, tg_request_apply, false},
	{"confirm", tg_request_confirm, NULL, false},
	{"rollback", NULL, tg_request_rollback, false},
	{"entries_add", tg_request_add_entries, NULL, false},
	{"entries_remove", tg_request_remove_entries, NULL, false},
	{"entries_list", tg_request_list_entries, NULL, true},
	{"detach", tg_request_detach, NULL, false},
	{"version", tg_request_version, NULL, true},
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

json_t *tg_request_handle(struct tg_daemon *daemon, const json_t *request, bool may_change)
{
	json_t *reply = NULL;
	const struct command *command = find(request, may_change, &reply);

	if (!command)
		return reply;
	return command->handle ? command->handle(daemon, request) : refuse_member(command->name);
}

void tg_request_begin(void *daemon, json_t *request, bool may_change, struct tg_pending *pending)
{
	json_t *reply = NULL;
	const struct command *command = find(request, may_change, &reply);

	if (!command)
		tg_control_reply(pending, reply);
	else if (command->handle)
		tg_control_reply(pending, command->handle(daemon, request));
	else
		command->begin(daemon, request, pending);
}
