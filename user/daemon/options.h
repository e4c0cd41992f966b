/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the command line of tidegated. */
#ifndef TG_DAEMON_OPTIONS_H
#define TG_DAEMON_OPTIONS_H

#include "base/log.h"

struct tg_daemon;

struct tg_options {
	enum tg_log_level level;
	enum tg_log_format format;
};

/*
 * Sets the paths and the metrics address of @daemon, and *@options, from @argv or else to their
 * defaults. Texts are those of @argv. Returns -1 if the daemon is to run, else the exit code (enum
 * tg_exit): after --help or --version, or after logging a mistake and printing the usage.
 */
int tg_options_parse(int argc, char **argv, struct tg_daemon *daemon, struct tg_options *options);

#endif
