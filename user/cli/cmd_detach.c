// SPDX-License-Identifier: GPL-2.0-or-later
/* The command detach: has the daemon remove all that it put into the kernel, or does it itself. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/arguments.h"
#include "base/cleanup.h"
#include "base/json.h"
#include "control/client.h"
#include "cli/commands.h"
#include "datapath/datapath.h"
#include "base/log.h"

#define DEFAULT_STATE "/sys/fs/bpf/tidegate"

static int report(unsigned int links, bool json)
{
	if (json)
		printf("{\"detached\":%u}\n", links);
	else
		printf("%u link(s) detached, all pins removed\n", links);
	return TG_EXIT_OK;
}

/*
 * Waits until the daemon closes the socket, because it does so when it has removed what it can. If
 * that is everything, its state directory is gone.
 */
static int detach_by_daemon(bool json)
{
	json_auto_t *result = NULL;
	const char *state_dir;
	unsigned int links;
	int fd = -1, code;
	char byte;

	code = tg_client_ask(json_pack("{s:s}", "command", "detach"), true, &result, &fd);
	if (code != TG_EXIT_OK)
		return code;
	while (read(fd, &byte, 1) > 0)
		;
	close(fd);
	state_dir = tg_json_text(result, "state");
	if (*state_dir && access(state_dir, F_OK) == 0) {
		tg_log(TG_LOG_ERROR,
		       "the daemon has ended, but could not remove all in %s, as its log says; run "
		       "`tidegate detach --state %s` again",
		       state_dir, state_dir);
		return TG_EXIT_FAILED;
	}
	links = json_array_size(json_object_get(result, "interfaces"));
	return report(links, json);
}

/* Removes everything where no daemon answers. */
static int detach_alone(const char *state_dir, bool json)
{
	tg_cleanup(tg_datapath_close) struct tg_datapath *datapath = NULL;
	char errmsg[TG_ERRMSG_SIZE];
	unsigned int links = 0;
	int error;

	if (access(state_dir, F_OK) && errno == ENOENT) {
		tg_log(TG_LOG_ERROR,
		       "nothing to detach: no daemon answers at %s and there is no %s; "
		       "name them with --control and --state",
		       tg_client_control, state_dir);
		return TG_EXIT_NOT_FOUND;
	}
	error = tg_datapath_open_links(state_dir, &datapath, errmsg);
	if (error) {
		tg_log(TG_LOG_ERROR, "%s", errmsg);
		return error == -EPERM || error == -EBUSY ? TG_EXIT_REFUSED : TG_EXIT_FAILED;
	}
	error = tg_datapath_detach(datapath, true, &links);
	if (error) {
		tg_log(TG_LOG_ERROR, "%s: %s", state_dir, strerror(-error));
		return TG_EXIT_FAILED;
	}
	return report(links, json);
}

static int run_detach(const struct tg_arguments *arguments)
{
	const char *environment = getenv("TIDEGATE_STATE");
	const char *state_dir = DEFAULT_STATE;
	int code;

	code = detach_by_daemon(arguments->json);
	if (code != TG_EXIT_NO_DAEMON)
		return code;
	if (arguments->state)
		state_dir = arguments->state;
	else if (environment && *environment)
		state_dir = environment;
	return detach_alone(state_dir, arguments->json);
}

static const struct tg_option options[] = {
	TG_OPTION(TG_TEXT, "state", state, "DIR",
		  "the state directory where no daemon answers, else of "
		  "TIDEGATE_STATE, else " DEFAULT_STATE),
	{},
};

const struct tg_command cmd_detach = {
	.name = "detach",
	.does = "remove every program, link and pin of ours",
	.options = options,
	.run = run_detach,
};
