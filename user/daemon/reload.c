// SPDX-License-Identifier: GPL-2.0-or-later
/* Loads the configuration: at the start at once, later as a change. */
#include "daemon/reload.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

#include "base/clock.h"
#include "config/config.h"
#include "config/diagnostics.h"
#include "config/load.h"
#include "daemon/change.h"
#include "daemon/daemon.h"
#include "daemon/unconfirmed.h"
#include "base/log.h"

/* Returns the first error, which is of @diagnostics, or "". */
static const char *first_error(const struct tg_diagnostics *diagnostics)
{
	size_t i;

	for (i = 0; i < diagnostics->n; i++)
		if (diagnostics->items[i].severity == TG_ERROR)
			return diagnostics->items[i].message;
	return "";
}

int tg_daemon_load(const char *path, struct tg_config **config, char *why)
{
	struct tg_diagnostics diagnostics = {};
	int error = tg_config_load(path, config, &diagnostics);

	if (error && why)
		tg_error_set(why, error, "%s", first_error(&diagnostics));
	tg_diagnostics_print(&diagnostics, stderr);
	tg_diagnostics_clear(&diagnostics);
	if (error == -ENOENT)
		tg_log(TG_LOG_ERROR,
		       "write a first configuration there (tidegate.yaml(5) begins with one), or "
		       "name another with --config");
	return error;
}

struct reload {
	struct tg_change change;
	bool by_signal, unread; /* the file cannot be used */
	tg_change_done *done;
	void *data;
};

static int begin_reload(struct tg_change *change, char *errmsg)
{
	if (((struct reload *)change)->by_signal)
		change->daemon->reload_waits = false;
	sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)(tg_now_ns() / 1000));
	return tg_history_may_change(change->daemon, errmsg);
}

static int work_reload(struct tg_change *change, char *errmsg)
{
	const char *path = change->daemon->config_path;
	char why[TG_ERRMSG_SIZE];
	int error = tg_daemon_load(path, &change->config, why);

	if (!error)
		return 0;
	((struct reload *)change)->unread = true;
	if (error == -EINVAL)
		return tg_error_set(errmsg, error,
				    "%s is not valid, and the policy in force stays; `tidegate "
				    "check %s` shows what is wrong",
				    path, path);
	return tg_error_set(errmsg, error, "%s cannot be used, and the policy in force stays: %s",
			    path, why);
}

static void on_committed(struct tg_change *change)
{
	tg_unconfirmed_forget(change->daemon);
}

static void end_reload(struct tg_change *change)
{
	struct reload *reload = (struct reload *)change;
	struct tg_daemon *daemon = change->daemon;

	if (reload->unread)
		daemon->reloads_failed++;
	if (!change->error)
		tg_log(TG_LOG_INFO, "%s reloaded", daemon->config_path);
	else if (!change->refused) /* which is logged */
		tg_log(TG_LOG_ERROR, "%s", change->errmsg);
	daemon->reload_failed = change->error != 0;
	sd_notify(0, "READY=1");
	if (reload->done)
		reload->done(reload->data, change->error, change->errmsg);
	free(reload);
}

static const struct tg_change_kind reload_kind = {
	.begin = begin_reload, .work = work_reload, .committed = on_committed, .end = end_reload};

static struct reload *new_reload(struct tg_daemon *daemon)
{
	struct reload *reload = calloc(1, sizeof(*reload));

	if (reload)
		reload->change = (struct tg_change){.kind = &reload_kind, .daemon = daemon};
	return reload;
}

void tg_daemon_reload(struct tg_daemon *daemon, tg_change_done *done, void *data)
{
	struct reload *reload = new_reload(daemon);

	if (!reload) {
		done(data, -ENOMEM, "out of memory");
		return;
	}
	reload->done = done;
	reload->data = data;
	tg_change_start(&reload->change);
}

void tg_daemon_reload_soon(struct tg_daemon *daemon)
{
	struct reload *reload = daemon->reload_waits ? NULL : new_reload(daemon);

	if (!reload) {
		if (!daemon->reload_waits)
			tg_log_errno(ENOMEM, "reload");
		return;
	}
	daemon->reload_waits = reload->by_signal = true;
	tg_change_start(&reload->change);
}
