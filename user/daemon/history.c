// SPDX-License-Identifier: GPL-2.0-or-later
/* Goes back to earlier policies, and does so by itself for what is not confirmed in time. */
#include "daemon/history.h"

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/clock.h"
#include "base/event_first.h"
#include "config/config.h"
#include "daemon/change.h"
#include "daemon/daemon.h"
#include "daemon/policies.h"
#include "daemon/unconfirmed.h"
#include "base/log.h"
#include "base/errmsg.h"

#define RETRY_AFTER_S 5

int tg_history_may_change(const struct tg_daemon *daemon, char *errmsg)
{
	if (!daemon->history.deadline_ns)
		return 0;
	return tg_error_set(
		errmsg, EALREADY,
		"a change waits to be confirmed, %llu s more; run `tidegate confirm` or "
		"`tidegate rollback` first",
		tg_history_remaining(daemon) / NS_PER_S);
}

/* A rollback under way. */
struct rollback {
	struct tg_change change;
	uint64_t rollbacks; /* when it was asked for */
	tg_change_done *done;
	void *data;
};

static int begin_rollback(struct tg_change *change, char *errmsg)
{
	const struct tg_history *history = &change->daemon->history;

	if (change->cancelled)
		return tg_error_set(errmsg, ECANCELED, "the change is confirmed");
	if (((struct rollback *)change)->rollbacks != history->rollbacks)
		return tg_error_set(errmsg, EALREADY,
				    "the policy has just gone back by another rollback, and does "
				    "not go back twice; ask again to go back further");
	if (!history->n)
		return tg_error_set(
			errmsg, ENOENT,
			"there is no earlier policy to go back to since the daemon began");
	change->config = tg_config_copy(history->policies[history->n - 1]);
	return change->config ? 0 : tg_error_set(errmsg, ENOMEM, "out of memory");
}

static void answer_waiting(struct tg_change *change)
{
	change->daemon->history.rollbacks++;
	tg_history_confirm(change->daemon);
}

static void note_gone_back(struct tg_change *change)
{
	tg_unconfirmed_went_back(change->daemon);
}

static void end_rollback(struct tg_change *change)
{
	struct rollback *rollback = (struct rollback *)change;

	rollback->done(rollback->data, change->error, change->errmsg);
	free(rollback);
}

static const struct tg_change_kind rollback_kind = {.begin = begin_rollback,
						    .committed = answer_waiting,
						    .finished = note_gone_back,
						    .end = end_rollback};

static struct tg_change *new_rollback(struct tg_daemon *daemon, tg_change_done *done, void *data)
{
	struct rollback *rollback = calloc(1, sizeof(*rollback));

	if (!rollback)
		return NULL;
	rollback->change = (struct tg_change){
		.kind = &rollback_kind,
		.daemon = daemon,
		.back = true,
	};
	rollback->rollbacks = daemon->history.rollbacks;
	rollback->done = done;
	rollback->data = data;
	return &rollback->change;
}

void tg_history_rollback(struct tg_daemon *daemon, tg_change_done *done, void *data)
{
	struct tg_change *change = new_rollback(daemon, done, data);

	if (change)
		tg_change_start(change);
	else
		done(data, -ENOMEM, "out of memory");
}

/* Tries until it works, because an operator who is locked out has no other way back. */
static void on_rolled_back(void *data, int error, const char *errmsg)
{
	const struct timeval again = {.tv_sec = RETRY_AFTER_S};
	struct tg_daemon *daemon = data;

	daemon->history.going_back = NULL;
	if (!error || error == -ECANCELED || !daemon->history.deadline_ns)
		return;
	tg_log(TG_LOG_ERROR, "going back failed, and is tried again in %d s: %s", RETRY_AFTER_S,
	       errmsg);
	event_add(daemon->history.timer, &again);
}

static void on_deadline(evutil_socket_t fd, short what, void *data)
{
	struct tg_daemon *daemon = data;
	struct tg_change *change = new_rollback(daemon, on_rolled_back, daemon);

	tg_log(TG_LOG_WARNING, "the last change was not confirmed in time: going back to what was "
			       "in force before it");
	if (!change) {
		on_rolled_back(daemon, -ENOMEM, "out of memory");
		return;
	}
	daemon->history.going_back = change;
	tg_change_start(change);
}

void tg_history_expect(struct tg_daemon *daemon, uint64_t ns, uint32_t before)
{
	const struct timeval delay = {.tv_sec = ns / NS_PER_S,
				      .tv_usec = ns % NS_PER_S / NS_PER_US};

	daemon->history.deadline_ns = tg_now_ns() + ns;
	daemon->history.before = before;
	event_add(daemon->history.timer, &delay);
}

void tg_history_resume(struct tg_daemon *daemon, struct tg_config **before, uint64_t ns)
{
	daemon->history.policies[daemon->history.n++] = TAKE_PTR(*before);
	tg_history_expect(daemon, ns, 0);
}

int tg_history_confirm(struct tg_daemon *daemon)
{
	if (!daemon->history.deadline_ns)
		return -ENOENT;
	daemon->history.deadline_ns = 0;
	event_del(daemon->history.timer);
	if (daemon->history.going_back)
		daemon->history.going_back->cancelled = true;
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
	tg_event_first(daemon->history.timer);
	return daemon->history.timer ? 0 : tg_log_errno(ENOMEM, "timer");
}

void tg_history_close(struct tg_daemon *daemon)
{
	struct tg_history *history = &daemon->history;

	if (history->timer)
		event_free(history->timer);
	history->timer = NULL;
	tg_policies_forget(daemon);
}
