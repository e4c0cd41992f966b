/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads the daemon's own file again, and puts it in force. */
#ifndef TG_DAEMON_RELOAD_H
#define TG_DAEMON_RELOAD_H

#include "daemon/history.h"

struct tg_config;
struct tg_daemon;

/*
 * Reads and checks the file at @path; the caller frees *@config. Returns 0, or -errno after writing
 * what is wrong to stderr: -EINVAL if the file is invalid, -EPERM if others could change it. The
 * first error is also written to @why (TG_ERRMSG_SIZE), unless that is NULL.
 */
int tg_daemon_load(const char *path, struct tg_config **config, char *why);

/*
 * Reloads daemon->config_path, then calls @done, for which @data is: -EINVAL if the file is
 * invalid, -EALREADY if a change waits to be confirmed. After a failure, which is logged, nothing
 * has changed.
 */
void tg_daemon_reload(struct tg_daemon *daemon, tg_change_done *done, void *data);

/* The same at a signal. One that comes before the last has begun adds nothing. */
void tg_daemon_reload_soon(struct tg_daemon *daemon);

#endif
