// SPDX-License-Identifier: GPL-2.0-or-later
/* The queue of changes, and the way of one: begin, work and prepare, commit, finish, end. */
#include "daemon/change.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "cluster/cluster.h"
#include "cluster/secret.h"
#include "cluster/store.h"
#include "config/config.h"
#include "daemon/daemon.h"
#include "daemon/policies.h"
#include "daemon/recent.h"
#include "datapath/datapath.h"
#include "datapath/publish.h"
#include "base/log.h"

struct tg_changes {
	struct tg_worker *worker;
	struct tg_change *current;
	STAILQ_HEAD(, tg_change) waiting;
	bool starting; /* start_next() runs */
};

static void start_next(struct tg_changes *changes);

/* Frees all of @change but what its kind's end() does. */
static void end_change(struct tg_change *change)
{
	struct tg_changes *changes = change->daemon->changes;

	tg_publish_free(&change->publish);
	tg_store_trust_free(&change->trust);
	tg_config_free(&change->config);
	explicit_bzero(&change->secret, sizeof(change->secret));
	if (changes->current == change) {
		changes->current = NULL;
		tg_datapath_pause_reclaim(change->daemon->datapath, false);
	}
	change->kind->end(change);
	start_next(changes);
}

static void run_in_worker(struct tg_change *change, void (*run)(void *data),
			  void (*done)(void *data))
{
	change->job = (struct tg_job){.run = run, .done = done, .data = change};
	tg_worker_run(change->daemon->changes->worker, &change->job);
}

static void do_finish(void *data)
{
	struct tg_change *change = data;

	if (change->publish)
		tg_publish_finish(change->publish);
	if (change->kind->finished)
		change->kind->finished(change);
}

static void on_change_finished(void *data)
{
	end_change(data);
}

/* The system's authorities are read only for a cluster that is not the one in force. */
static bool needs_trust(const struct tg_config_cluster *cluster,
			const struct tg_config_cluster *in_force)
{
	return cluster->ca_file[0] || memcmp(cluster, in_force, sizeof(*cluster)) != 0;
}

/* Reads the files that the cluster names, and prepares the programs. */
static int prepare(struct tg_change *change)
{
	int error = tg_cluster_secret_note(change->config, &change->secret, change->errmsg);

	if (!error && needs_trust(&change->config->cluster, &change->daemon->config->cluster))
		change->trust = tg_store_trust_read(&change->config->cluster);
	return error ? error : tg_publish_prepare(change->publish, change->errmsg);
}

static void do_work(void *data)
{
	struct tg_change *change = data;
	struct tg_daemon *daemon = change->daemon;

	if (change->kind->work)
		change->error = change->kind->work(change, change->errmsg);
	if (change->error || !change->config)
		return;
	tg_config_share_equal(change->config, daemon->config);
	change->publish = tg_publish_new(daemon->datapath, change->config);
	change->error = change->publish ? prepare(change)
					: tg_error_set(change->errmsg, ENOMEM, "out of memory");
	change->refused = change->error != 0;
	if (!change->error && change->kind->ready)
		change->error = change->kind->ready(change, change->errmsg);
}

/* Puts the change in force, unless somebody has cancelled it meanwhile. */
static int commit(struct tg_change *change)
{
	struct tg_daemon *daemon = change->daemon;
	int error;

	if (change->cancelled)
		return tg_error_set(change->errmsg, ECANCELED, "the change is not wanted any more");
	error = tg_publish_commit(change->publish, change->errmsg);
	if (error) {
		change->refused = true;
		return error;
	}
	change->done = true;
	daemon->reloads_ok++;
	tg_recent_drop(daemon);
	/* A failure is logged. The policy stays in force all the same. */
	tg_cluster_follow(&daemon->cluster, daemon->base, daemon->datapath, change->config,
			  &change->secret, change->trust);
	tg_policies_take(daemon, &change->config, change->back);
	if (change->kind->committed)
		change->kind->committed(change);
	return 0;
}

static void on_worked(void *data)
{
	struct tg_change *change = data;

	if (!change->error && change->publish)
		change->error = commit(change);
	if (change->refused) {
		change->daemon->reloads_failed++;
		tg_log(TG_LOG_ERROR, "%s; the policy in force stays", change->errmsg);
	}
	if (change->error || !(change->publish || change->kind->finished))
		end_change(change);
	else
		run_in_worker(change, do_finish, on_change_finished);
}

static void start(struct tg_changes *changes, struct tg_change *change)
{
	changes->current = change;
	tg_datapath_pause_reclaim(change->daemon->datapath, true);
	if (change->kind->begin)
		change->error = change->kind->begin(change, change->errmsg);
	if (change->error)
		end_change(change);
	else
		run_in_worker(change, do_work, on_worked);
}

/* A loop, because a change that fails at once comes back here by its end(). */
static void start_next(struct tg_changes *changes)
{
	struct tg_change *next;

	if (changes->starting)
		return;
	changes->starting = true;
	while (!changes->current && (next = STAILQ_FIRST(&changes->waiting))) {
		STAILQ_REMOVE_HEAD(&changes->waiting, entry);
		start(changes, next);
	}
	changes->starting = false;
}

void tg_change_start(struct tg_change *change)
{
	struct tg_changes *changes = change->daemon->changes;

	/* Nobody who is locked out can wait for what others have asked for. */
	if (change->daemon->history.going_back == change)
		STAILQ_INSERT_HEAD(&changes->waiting, change, entry);
	else
		STAILQ_INSERT_TAIL(&changes->waiting, change, entry);
	start_next(changes);
}

int tg_changes_open(struct tg_daemon *daemon)
{
	struct tg_changes *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return tg_log_errno(ENOMEM, "changes");
	STAILQ_INIT(&made->waiting);
	error = tg_worker_open(daemon->base, &made->worker);
	if (error)
		free(made);
	else
		daemon->changes = made;
	return error;
}

static void cancel(struct tg_change *change)
{
	if (!change->done && !change->error)
		change->error = tg_error_set(change->errmsg, ECANCELED,
					     "the daemon ends, and the change was not made");
	end_change(change);
}

void tg_changes_close(struct tg_daemon *daemon)
{
	struct tg_changes *old = daemon->changes;
	struct tg_change *change;

	if (!old)
		return;
	tg_worker_close(&old->worker);
	old->starting = true; /* nothing begins any more */
	if (old->current)
		cancel(old->current);
	while ((change = STAILQ_FIRST(&old->waiting))) {
		STAILQ_REMOVE_HEAD(&old->waiting, entry);
		cancel(change);
	}
	free(old);
	daemon->changes = NULL;
}
