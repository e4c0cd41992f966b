/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory on a bpffs in which maps, programs and links are pinned, and its lock. */
#ifndef TG_BASE_PIN_DIR_H
#define TG_BASE_PIN_DIR_H

#include <stdbool.h>

/*
 * Makes the directory @path if it is missing, and locks it against a second daemon. Returns a
 * descriptor that holds the lock until the caller closes it, or -errno with a sentence in @errmsg:
 * -EBUSY if another process has the lock, -EINVAL if the parent is missing or not on a bpffs,
 * -EPERM without the privilege, or if another user could change the directory or its parent. A
 * parent with the sticky bit may be writable by all. Does not follow a symbolic link. After a
 * failure nothing has changed.
 */
int tg_pin_dir_open(const char *path, char *errmsg);

/*
 * Checks that @path still is the directory that @lock, of tg_pin_dir_open(), has locked. Returns 0,
 * or -EBUSY with a sentence in @errmsg. Call it before pins are made: libbpf makes directories that
 * are missing.
 */
int tg_pin_dir_check(const char *path, int lock, char *errmsg);

/*
 * Removes the directory. Only the holder of the lock may; @lock is what tg_pin_dir_open() returned.
 * Returns 0 or -errno. Does nothing if the directory is gone, or another has taken its place.
 */
int tg_pin_dir_remove(const char *path, int lock);

/*
 * Opens the pin of that name, of a map, a program or a link. Returns a descriptor that the caller
 * closes, or -errno.
 */
int tg_pin_dir_open_pin(const char *path, const char *pin);

/* Removes the pin of that name. Returns false if it could not, or if there is none. */
bool tg_pin_dir_unlink(const char *path, const char *pin);

/*
 * Calls each(@data, NAME) for every pin whose name begins with @prefix, in no order, until it
 * returns nonzero. NAME is valid during the call. Returns what @each returned last, 0 if there is
 * no such directory, or -errno if it cannot be read.
 */
int tg_pin_dir_each(const char *path, const char *prefix, int (*each)(void *, const char *),
		    void *data);

/* Unlinks all pins in the directory @path, and removes it. Does nothing if there is none. */
void tg_pin_dir_clear(const char *path);

#endif
