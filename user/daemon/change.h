/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of the policy, one after another. What takes long (reading, parsing, compiling, loading,
 * converting buckets) runs in the worker, so that the event loop goes on serving meanwhile. Each
 * change is made of the configuration that is in force at its turn.
 */
#ifndef TG_DAEMON_CHANGE_H
#define TG_DAEMON_CHANGE_H

#include <stdbool.h>
#include <sys/queue.h>

#include "base/errmsg.h"
#include "cluster/frame.h"
#include "daemon/worker.h"

struct tg_change;
struct tg_changes;
struct tg_config;
struct tg_daemon;
struct tg_publish;
struct tg_store_trust;

/*
 * What a kind of change does at each point; all but end() may be NULL. Those in the worker may read
 * daemon->config and the datapath, which do not change meanwhile. Those that return 0 or -errno
 * with @errmsg (TG_ERRMSG_SIZE) end the change by a failure.
 */
struct tg_change_kind {
	/* In the loop, at the change's turn. May set change->config. */
	int (*begin)(struct tg_change *change, char *errmsg);
	/* In the worker. May set change->config. */
	int (*work)(struct tg_change *change, char *errmsg);
	/* In the worker, when the change is ready to come into force at once. */
	int (*ready)(struct tg_change *change, char *errmsg);
	/* In the loop, as soon as change->config is in force. */
	void (*committed)(struct tg_change *change);
	/* In the worker, when all is done. */
	void (*finished)(struct tg_change *change);
	/* In the loop, at the end of each change: change->error is 0 or -errno. Frees the change.
	 */
	void (*end)(struct tg_change *change);
};

/* Embedded in what the kind needs. The first four members are the caller's, initially. */
struct tg_change {
	const struct tg_change_kind *kind;
	struct tg_daemon *daemon;
	struct tg_config *config; /* to be put in force; freed by the end. NULL: nothing is */
	bool back;		  /* config is the last of the history, and leaves it */
	bool cancelled;		  /* set by the loop: it is not to come into force any more */
	bool refused;		  /* the configuration could not be put in force */
	bool done;		  /* it is in force */
	int error;
	char errmsg[TG_ERRMSG_SIZE];
	/* Private. */
	STAILQ_ENTRY(tg_change) entry;
	struct tg_job job;
	struct tg_publish *publish;
	struct tg_cluster_secret secret;
	struct tg_store_trust *trust;
};

/* Starts the worker. After privileges are dropped, which a thread inherits. Returns 0 or -errno. */
int tg_changes_open(struct tg_daemon *daemon);

/*
 * Has @change follow those given before. Its end() is called later, or before this returns. Only
 * while the changes are open.
 */
void tg_change_start(struct tg_change *change);

/*
 * Waits for what the worker does, and ends all changes by -ECANCELED but one that is in force.
 * Undoes what the one under way has prepared. NULL-safe.
 */
void tg_changes_close(struct tg_daemon *daemon);

#endif
