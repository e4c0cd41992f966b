// SPDX-License-Identifier: GPL-2.0-or-later
/* Puts policies in force, remembers earlier ones, and rolls back what is not confirmed in time. */
#include "daemon/history.h"

#include <errno.h>
#include <event2/event.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "cluster/cluster.h"
#include "config/config.h"
#include "daemon/daemon.h"
#include "datapath/datapath.h"
#include "cluster/secret.h"
#include "base/log.h"
#include "base/errmsg.h"

#define RETRY_AFTER_S 5

static void remember(struct tg_history *history, const struct tg_config *config)
{
	if (history->n == TG_HISTORY_MAX) {
		tg_config_unref(&history->policies[0]);
		memmove(history->policies, history->policies + 1,
			(TG_HISTORY_MAX - 1) * sizeof(history->policies[0]));
		history->n--;
	}
	history->policies[history->n++] = config;
}

/* Puts @config in force, which nobody else has yet: from then on it does not change. */
static int put_in_force(struct tg_daemon *daemon, struct tg_config *config, char *errmsg)
{
	int error = tg_cluster_secret_note(config, errmsg);

	if (!error)
		error = tg_datapath_publish(daemon->datapath, config, errmsg);
	if (error) {
		daemon->reloads_failed++;
		tg_log(TG_LOG_ERROR, "%s; the policy in force stays", errmsg);
		return error;
	}
	daemon->reloads_ok++;
	/* A failure is logged. The policy stays in force all the same. */
	tg_cluster_follow(&daemon->cluster, daemon->base, daemon->datapath, config);
	return 0;
}

int tg_history_change(struct tg_daemon *daemon, struct tg_config **config, char *errmsg)
{
	struct tg_history *history = &daemon->history;
	int error;

	if (history->deadline_ns)
		return tg_error_set(errmsg, EALREADY,
				    "a change waits to be confirmed, %llu s more; run `tidegate "
				    "confirm` or `tidegate rollback` first",
				    tg_history_remaining(daemon) / NS_PER_S);
	if (daemon->config)
		tg_config_share_equal(*config, daemon->config);
	error = put_in_force(daemon, *config, errmsg);
	if (error)
		return error;
	remember(history, daemon->config);
	daemon->config = TAKE_PTR(*config);
	return 0;
}

int tg_history_rollback(struct tg_daemon *daemon, char *errmsg)
{
	struct tg_history *history = &daemon->history;
	tg_cleanup(tg_config_free) struct tg_config *before = NULL;
	int error;

	if (!history->n)
		return tg_error_set(
			errmsg, ENOENT,
			"there is no earlier policy to go back to since the daemon began");
	before = tg_config_copy(history->policies[history->n - 1]);
	if (!before)
		return tg_error_set(errmsg, ENOMEM, "out of memory");
	error = put_in_force(daemon, before, errmsg);
	if (error)
		return error;
	tg_config_unref(&history->policies[--history->n]);
	tg_config_unref(&daemon->config);
	daemon->config = TAKE_PTR(before);
	tg_history_confirm(daemon);
	return 0;
}

/* Tries until it works, because an operator who is locked out has no other way back. */
static void on_deadline(evutil_socket_t fd, short what, void *data)
{
	const struct timeval again = {.tv_sec = RETRY_AFTER_S};
	struct tg_daemon *daemon = data;
	char errmsg[TG_ERRMSG_SIZE];

	tg_log(TG_LOG_WARNING, "the last change was not confirmed in time: going back to what was "
			       "in force before it");
	if (tg_history_rollback(daemon, errmsg) == 0)
		return;
	tg_log(TG_LOG_ERROR, "going back failed, and is tried again in %d s: %s", RETRY_AFTER_S,
	       errmsg);
	event_add(daemon->history.timer, &again);
}

void tg_history_expect(struct tg_daemon *daemon, uint64_t ns, uint32_t before)
{
	const struct timeval delay = {.tv_sec = ns / NS_PER_S,
				      .tv_usec = ns % NS_PER_S / NS_PER_US};

	daemon->history.deadline_ns = tg_now_ns() + ns;
	daemon->history.before = before;
	event_add(daemon->history.timer, &delay);
}

int tg_history_confirm(struct tg_daemon *daemon)
{
	if (!daemon->history.deadline_ns)
		return -ENOENT;
	daemon->history.deadline_ns = 0;
	event_del(daemon->history.timer);
	return 0;
}

uint64_t tg_history_remaining(const struct tg_daemon *daemon)
{
	uint64_t now = tg_now_ns();

	return daemon->history.deadline_ns > now ? daemon->history.deadline_ns - now : 0;
}

int tg_history_open(struct tg_daemon *daemon, struct event_base *base)
{
	daemon->history.timer = evtimer_new(base, on_deadline, daemon);
	return daemon->history.timer ? 0 : tg_log_errno(ENOMEM, "timer");
}

void tg_history_close(struct tg_daemon *daemon)
{
	struct tg_history *history = &daemon->history;

	if (history->timer)
		event_free(history->timer);
	history->timer = NULL;
	while (history->n)
		tg_config_unref(&history->policies[--history->n]);
}
