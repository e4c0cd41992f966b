/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exit codes of `tidegate`. The daemon sends the same numbers as "code" in its answers. */
#ifndef TG_BASE_EXIT_H
#define TG_BASE_EXIT_H

enum tg_exit {
	TG_EXIT_OK = 0,
	TG_EXIT_FAILED = 1,
	TG_EXIT_USAGE = 2,
	TG_EXIT_INVALID = 3,   /* the configuration is invalid */
	TG_EXIT_REFUSED = 4,   /* no privilege; another's program, daemon or version is there */
	TG_EXIT_NO_DAEMON = 5, /* no daemon answers */
	TG_EXIT_NOT_FOUND = 6, /* no such limit, interface or entry */
	TG_EXIT_EXCEEDED = 10, /* charge: the limit refuses */
};

#endif
