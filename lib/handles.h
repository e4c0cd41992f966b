/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* The locks of all handles of the process, and what becomes of them at a fork(). */
#ifndef TG_HANDLES_H
#define TG_HANDLES_H

struct tidegate;

/*
 * Initializes the lock of @handle. While the process forks, each such lock is held, so that the
 * child gets handles that no thread was using. Returns 0 or -ENOMEM.
 */
int tg_handles_add(struct tidegate *handle);

/* Destroys the lock. Nobody holds it. */
void tg_handles_remove(struct tidegate *handle);

#endif
