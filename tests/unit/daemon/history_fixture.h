/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The world of test_history.c: a clock that tests move, a worker that does each job at once or when
 * it is told, and a datapath that takes or refuses what it is told.
 */
#ifndef TG_HISTORY_FIXTURE_H
#define TG_HISTORY_FIXTURE_H

#include <errno.h>
#include <event2/event.h>
#include <stdlib.h>

#include "cluster/cluster.h"
#include "cluster/store.h"
#include "config/config.h"
#include "daemon/change.h"
#include "daemon/daemon.h"
#include "datapath/publish.h"
#include "datapath/datapath.h"
#include "fake_clock.h"
#include "daemon/history.h"
#include "base/log.h"
#include "logged.h"
#include "base/errmsg.h"
#include "test.h"

#define S 1000000000ULL

/* What the datapath and the cluster were told. */
static struct {
	const struct tg_config *config; /* that the datapath has, as an owner of it */
	int error;			/* of the next calls */
	unsigned int tries;
	char enforced[64], followed[64]; /* paths */
	bool slow;			 /* jobs wait for work() */
	struct tg_job *job;
	int paused;
} world;

struct tg_publish {
	const struct tg_config *config;
};

struct tg_publish *tg_publish_new(struct tg_datapath *datapath, const struct tg_config *config)
{
	struct tg_publish *publish = calloc(1, sizeof(*publish));

	publish->config = tg_config_ref(config);
	return publish;
}

int tg_publish_prepare(struct tg_publish *publish, char *errmsg)
{
	world.tries++;
	return world.error ? tg_error_set(errmsg, world.error, "no to %s", publish->config->path)
			   : 0;
}

int tg_publish_commit(struct tg_publish *publish, char *errmsg)
{
	snprintf(world.enforced, sizeof(world.enforced), "%s", publish->config->path);
	tg_config_unref(&world.config);
	world.config = tg_config_ref(publish->config);
	return 0;
}

void tg_publish_finish(struct tg_publish *publish)
{
}

void tg_publish_free(struct tg_publish **publish)
{
	if (*publish)
		tg_config_unref(&(*publish)->config);
	free(*publish);
	*publish = NULL;
}

void tg_datapath_pause_reclaim(struct tg_datapath *datapath, bool paused)
{
	world.paused += paused ? 1 : -1;
	CHECK(world.paused == 0 || world.paused == 1, "one change at a time");
}

int tg_cluster_follow(struct tg_cluster **cluster, struct event_base *base,
		      struct tg_datapath *datapath, const struct tg_config *config,
		      const struct tg_cluster_secret *secret, const struct tg_store_trust *trust)
{
	snprintf(world.followed, sizeof(world.followed), "%s", config->path);
	return -EIO; /* which changes nothing */
}

struct tg_store_trust *tg_store_trust_read(const struct tg_config_cluster *cluster)
{
	return NULL;
}

void tg_store_trust_free(struct tg_store_trust **trust)
{
}

/* Does each job at once, or when the test says so. */
int tg_worker_open(struct event_base *base, struct tg_worker **worker)
{
	return 0;
}

static void do_job(struct tg_job *job)
{
	job->run(job->data);
	job->done(job->data);
}

void tg_worker_run(struct tg_worker *worker, struct tg_job *job)
{
	if (!world.slow) {
		do_job(job);
		return;
	}
	CHECK(!world.job, "one job at a time");
	world.job = job;
}

void tg_worker_close(struct tg_worker **worker)
{
	if (world.job)
		world.job->run(world.job->data);
	world.job = NULL;
}

static void work(void)
{
	struct tg_job *job = world.job;

	world.job = NULL;
	CHECK(job, "there is work");
	if (job)
		do_job(job);
}

static struct tg_config *config_named(const char *path)
{
	struct tg_config *config = calloc(1, sizeof(*config));

	config->path = strdup(path);
	return config;
}

struct fixture {
	struct tg_daemon daemon;
	struct tg_logged logged;
	char errmsg[TG_ERRMSG_SIZE];
	int error; /* of the last rollback */
};

/* With the policy "0" in force. */
static void fixture_open(struct fixture *fixture)
{
	memset(fixture, 0, sizeof(*fixture));
	memset(&world, 0, sizeof(world));
	tg_log_setup("test", TG_LOG_WARNING, TG_LOG_TEXT);
	tg_logged_begin(&fixture->logged);
	fixture->daemon.base = event_base_new();
	fixture->daemon.control_path = "/nonexistent/control.sock";
	fixture->daemon.config = config_named("0");
	CHECK(tg_history_open(&fixture->daemon, fixture->daemon.base) == 0);
	CHECK(tg_changes_open(&fixture->daemon) == 0);
}

static void fixture_close(struct fixture *fixture)
{
	tg_changes_close(&fixture->daemon);
	tg_changes_close(&fixture->daemon); /* once more does no harm */
	CHECK(!world.paused);
	tg_history_close(&fixture->daemon);
	CHECK(!fixture->daemon.history.n && !fixture->daemon.history.timer, "closed");
	tg_history_close(&fixture->daemon); /* once more does no harm */
	CHECK(!world.config || world.config == fixture->daemon.config, "one configuration");
	tg_config_unref(&fixture->daemon.config);
	tg_config_unref(&world.config);
	event_base_free(fixture->daemon.base);
	tg_logged_end(&fixture->logged);
	tg_logged_free(&fixture->logged);
}

/* A change to one configuration, as `apply` makes it. */
struct one {
	struct tg_change change;
	struct fixture *fixture;
	struct tg_config *to;
	int *error;
};

static int begin(struct tg_change *change, char *errmsg)
{
	struct one *one = (struct one *)change;

	change->config = one->to;
	one->to = NULL;
	return tg_history_may_change(change->daemon, errmsg);
}

static void end(struct tg_change *change)
{
	struct one *one = (struct one *)change;

	*one->error = change->error;
	strcpy(one->fixture->errmsg, change->errmsg);
	tg_config_free(&one->to);
	free(one);
}

static const struct tg_change_kind one_kind = {.begin = begin, .end = end};

/* Takes @config. *@error gets what comes of it, later; 1 until then. */
static void change_to(struct fixture *fixture, struct tg_config *config, int *error)
{
	struct one *one = calloc(1, sizeof(*one));

	one->change = (struct tg_change){.kind = &one_kind, .daemon = &fixture->daemon};
	one->fixture = fixture;
	one->to = config;
	one->error = error;
	*error = 1;
	tg_change_start(&one->change);
}

static int change(struct fixture *fixture, const char *path)
{
	int error;

	change_to(fixture, config_named(path), &error);
	return error;
}

static void on_rolled_back(void *data, int error, const char *errmsg)
{
	struct fixture *fixture = data;

	fixture->error = error;
	strcpy(fixture->errmsg, errmsg);
}

static int roll_back(struct fixture *fixture)
{
	fixture->error = 1;
	tg_history_rollback(&fixture->daemon, on_rolled_back, fixture);
	return fixture->error;
}

/* @history: the paths, oldest first, each one character. */
static void expect(const struct fixture *fixture, const char *in_force, const char *history)
{
	const struct tg_history *earlier = &fixture->daemon.history;
	char got[TG_HISTORY_MAX + 1] = "";
	size_t i;

	for (i = 0; i < earlier->n; i++)
		got[i] = earlier->policies[i]->path[0];
	CHECK(strcmp(fixture->daemon.config->path, in_force) == 0, "in force: %s instead of %s",
	      fixture->daemon.config->path, in_force);
	CHECK(strcmp(got, history) == 0, "history: \"%s\" instead of \"%s\"", got, history);
}

/* Time passes, and what is due happens. */
static void pass(struct fixture *fixture, uint64_t ns)
{
	fake_monotonic += ns;
	event_base_loop(fixture->daemon.base, EVLOOP_NONBLOCK);
}

#endif
