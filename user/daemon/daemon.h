/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon's parts share: one struct a process, owned by tidegated.c. */
#ifndef TG_DAEMON_DAEMON_H
#define TG_DAEMON_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct event;
struct event_base;
struct tg_cluster;
struct tg_config;
struct tg_datapath;
struct tg_events;

/* What is left behind on exit. */
enum tg_ending {
	TG_ENDING_STOP,	  /* allow and deny entries, for the next daemon */
	TG_ENDING_KEEP,	  /* all: the enforcement goes on */
	TG_ENDING_DETACH, /* nothing */
};

#define TG_HISTORY_MAX 8

/* See history.h. */
struct tg_history {
	struct tg_config *policies[TG_HISTORY_MAX]; /* the last one came before that in force */
	size_t n;
	struct event *timer;  /* runs while a change waits to be confirmed */
	uint64_t deadline_ns; /* CLOCK_MONOTONIC; 0: none waits */
	uint32_t before;      /* the generation that it would go back to */
};

struct tg_daemon {
	const char *config_path, *control_path, *state_dir, *metrics_address;
	struct event_base *base;
	struct event *maintenance; /* every second */
	struct event *reclaiming;  /* the next slice of a pass over the table */
	struct tg_config *config;  /* in force */
	struct tg_datapath *datapath;
	struct tg_events *events;
	struct tg_cluster *cluster; /* NULL: no limit is shared */
	struct tg_history history;
	uint64_t started_ns; /* CLOCK_MONOTONIC */
	uint64_t reloads_ok, reloads_failed;
	bool reload_failed; /* the last one */
	enum tg_ending ending;
};

#endif
