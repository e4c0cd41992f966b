// SPDX-License-Identifier: GPL-2.0-or-later
/* The table of commands, and who may use which. */
#include <string.h>

#include "base/exit.h"
#include "control/requests.h"
#include "control/requests_entries.h"
#include "control/requests_policy.h"
#include "control/requests_set.h"
#include "control/requests_show.h"

static const struct {
	const char *name;
	tg_request_function *handle;
	bool only_looks; /* members of the daemon's group may use it */
} commands[] = {
	{"status", tg_request_status, true},
	{"limits", tg_request_limits, true},
	{"top", tg_request_top, true},
	{"why", tg_request_why, true},
	{"cluster", tg_request_cluster, true},
	{"events", tg_request_events, true},
	{"set", tg_request_set, false},
	{"shadow", tg_request_shadow, false},
	{"reset", tg_request_reset, false},
	{"reload", tg_request_reload, false},
	{"diff", tg_request_diff, false}, /* it reads any file with the daemon's rights */
	{"apply", tg_request_apply, false},
	{"confirm", tg_request_confirm, false},
	{"rollback", tg_request_rollback, false},
	{"entries_add", tg_request_add_entries, false},
	{"entries_remove", tg_request_remove_entries, false},
	{"entries_list", tg_request_list_entries, true},
	{"detach", tg_request_detach, false},
	{"version", tg_request_version, true},
};

json_t *tg_request_handle(struct tg_daemon *daemon, const json_t *request, bool may_change)
{
	const char *name = tg_request_text(request, "command");
	size_t i;

	for (i = 0; name && i < sizeof(commands) / sizeof(commands[0]); i++) {
		if (strcmp(commands[i].name, name) != 0)
			continue;
		if (!may_change && !commands[i].only_looks)
			return tg_reply_fail(
				TG_EXIT_REFUSED,
				"members of the daemon's group may look, and only root "
				"may %s; run it with sudo",
				name);
		return commands[i].handle(daemon, request);
	}
	return tg_reply_fail(TG_EXIT_USAGE, "the daemon knows no command \"%s\"", name ? name : "");
}
