/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The exit codes of `tidegate`, which the daemon's answers carry as "code". */
#ifndef TG_BASE_EXIT_H
#define TG_BASE_EXIT_H

enum tg_exit {
	TG_EXIT_OK = 0,
	TG_EXIT_FAILED = 1,
	TG_EXIT_USAGE = 2,
	TG_EXIT_INVALID = 3,   /* the configuration */
	TG_EXIT_REFUSED = 4,   /* no privilege, or another's program sits on the hook */
	TG_EXIT_NO_DAEMON = 5, /* none answers */
	TG_EXIT_NOT_FOUND = 6, /* limit, interface or entry */
	TG_EXIT_EXCEEDED = 10, /* charge: the limit refuses */
};

#endif
