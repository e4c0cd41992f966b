/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory of pins, on a bpffs, and the lock that keeps a second daemon out. */
#ifndef TG_BASE_PIN_DIR_H
#define TG_BASE_PIN_DIR_H

#include <stdbool.h>

/*
 * Makes @path if missing (its parent must be on a bpffs) and locks it.
 * Returns a descriptor that holds the lock, or -errno with @errmsg: -EBUSY if another
 * daemon has it, -EPERM, -EINVAL if it is not on a bpffs.
 */
int tg_pin_dir_open(const char *path, char *errmsg);

/* Opens one pin, of a map or a program. A descriptor, or -errno. */
int tg_pin_dir_open_pin(const char *path, const char *pin);

/* Unlinks one pin; false if it was not there. */
bool tg_pin_dir_unlink(const char *path, const char *pin);

/* Calls @each with the name of every pin that begins with @prefix. */
void tg_pin_dir_each(const char *path, const char *prefix, void (*each)(void *, const char *),
		     void *data);

#endif
