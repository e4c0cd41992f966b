/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon's parts share, and what it does in its loop: one per process, owned by
 * tidegated.c. */
#ifndef TG_DAEMON_H
#define TG_DAEMON_H

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

/* See generations.h. */
struct tg_generations {
	struct tg_config *history[TG_HISTORY_MAX]; /* the last one came before that in force */
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
	struct tg_generations generations;
	uint64_t started_ns; /* CLOCK_MONOTONIC */
	uint64_t reloads_ok, reloads_failed;
	bool reload_failed; /* the last one */
	enum tg_ending ending;
};

/*
 * Reads and checks the file at @path; the caller frees *@config. Returns 0, or -errno after saying
 * on stderr what is wrong: -EINVAL if the file is invalid, -EACCES if everybody may write it.
 */
int tg_daemon_load(const char *path, struct tg_config **config);

/* Reads the file again and puts it in force. On failure @message (TG_MESSAGE_SIZE) says why and
 * nothing has changed; -EINVAL: the file is invalid. */
int tg_daemon_reload(struct tg_daemon *daemon, char *message);

/* Ends the event loop. */
void tg_daemon_stop(struct tg_daemon *daemon, enum tg_ending ending);

/* Keeps the datapath up: once a second, and in slices between other work. Returns 0 or -errno,
 * logged. Stop them only after a successful start. */
int tg_daemon_start_timers(struct tg_daemon *daemon);
void tg_daemon_stop_timers(struct tg_daemon *daemon);

/* Attaches and detaches as interfaces come and go; @daemon is a struct tg_daemon. */
void tg_daemon_follow_interfaces(void *daemon);

/* After the event loop: leaves behind what daemon->ending says. Links and pins survive the daemon
 * by default, because taking them away is a decision. */
void tg_daemon_finish(struct tg_daemon *daemon);

#endif
