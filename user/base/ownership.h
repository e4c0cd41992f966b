/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Opens files and checks directories so that only root or our own user decides what is there. */
#ifndef TG_BASE_OWNERSHIP_H
#define TG_BASE_OWNERSHIP_H

#include <stdbool.h>
#include <sys/stat.h>

/* Whether root or our own user owns it, and nobody else may write it. */
bool tg_ownership_is_safe(const struct stat *status);

/*
 * From now on tg_ownership_open() refuses what another user could change. The daemon calls this
 * once, first of all: it enforces what files say. A user's command reads what its user gives it.
 */
void tg_ownership_demand(void);

/*
 * Opens a file for reading. Returns a descriptor that the caller closes, or -errno with a sentence
 * in @errmsg (TG_ERRMSG_SIZE) that names the path and says what would be right. -EISDIR: a
 * directory; -ENXIO: neither a regular file nor a FIFO. Does not wait for the writer of a FIFO.
 *
 * After tg_ownership_demand(), -EPERM for all but a regular file that is safe in a directory that
 * is safe or has the sticky bit. The open file is judged, not what the path names at another time.
 */
int tg_ownership_open(const char *path, char *errmsg);

/*
 * Refuses a directory for a Unix socket that is not safe. The sticky bit makes no difference,
 * because another user could make a socket of that name first. Returns 0, or -EACCES with a
 * sentence in @errmsg that has the command that corrects it and calls the socket @what. Returns 0
 * for what stat() cannot see, because using it will fail with a better message.
 */
int tg_ownership_check_directory(const char *path, const char *what, char *errmsg);

#endif
