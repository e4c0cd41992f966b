/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state that the parts of the daemon share: one struct per process, owned by tidegated.c. */
#ifndef TG_DAEMON_DAEMON_H
#define TG_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/errmsg.h"

struct event;
struct event_base;
struct tg_change;
struct tg_changes;
struct tg_cluster;
struct tg_config;
struct tg_datapath;
struct tg_events;
struct tg_stats;
struct tg_walks;

/* What stays in the kernel on exit. */
enum tg_ending {
	TG_ENDING_STOP,	  /* allow and deny entries */
	TG_ENDING_KEEP,	  /* everything: limits stay enforced */
	TG_ENDING_DETACH, /* nothing */
};

#define TG_HISTORY_MAX 8

/* Earlier policies, and the change that waits to be confirmed; see history.h. */
struct tg_history {
	const struct tg_config *policies[TG_HISTORY_MAX]; /* oldest first; an owner of each */
	size_t n;
	struct event *timer;	      /* runs while a change waits to be confirmed */
	uint64_t deadline_ns;	      /* on CLOCK_MONOTONIC; 0: none waits */
	uint32_t before;	      /* the generation that a rollback goes back to */
	struct tg_change *going_back; /* by the timer; NULL: no rollback by itself is under way */
	uint64_t rollbacks;	      /* that came into force */
};

/* A reading of the datapath that HTTP's readers share; see recent.h. */
struct tg_recent {
	struct tg_stats *stats;
	uint64_t until_ns; /* on CLOCK_MONOTONIC */
	uint64_t number;   /* of the reading; 0: there was none */
};

struct tg_daemon {
	const char *config_path, *control_path, *state_dir, *metrics_address;
	struct event_base *base;
	struct event *maintenance;	/* runs every second */
	struct event *reclaiming;	/* runs the next slice of a pass over the table */
	const struct tg_config *config; /* in force; an owner of it, as the datapath is */
	struct tg_datapath *datapath;
	struct tg_changes *changes; /* open while the loop runs */
	bool reload_waits;	    /* a reload by signal has not begun yet */
	struct tg_events *events;
	struct tg_walks *walks;	    /* open while the loop runs */
	struct tg_cluster *cluster; /* NULL: no limit is shared */
	struct tg_history history;
	char unconfirmed[TG_ERRMSG_SIZE]; /* what cannot be known of a change; "": nothing */
	uint64_t started_ns;		  /* on CLOCK_MONOTONIC */
	struct tg_recent recent;
	uint64_t reloads_ok, reloads_failed;
	bool reload_failed; /* of the last reload */
	enum tg_ending ending;
};

#endif
