/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes a rename last. */
#ifndef TG_BASE_SYNC_DIR_H
#define TG_BASE_SYNC_DIR_H

/*
 * Writes the directory that @path is in to the disk, so that a rename to @path is there even after
 * the machine has lost its power (fsync(2)). Returns 0 or -errno.
 */
int tg_sync_dir_of(const char *path);

#endif
