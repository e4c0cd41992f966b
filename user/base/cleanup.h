/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Cleanup attributes: a local that owns something frees it on every way out of its scope. */
#ifndef TG_BASE_CLEANUP_H
#define TG_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define tg_cleanup(function) __attribute__((cleanup(function)))

/* Hands a pointer or descriptor on and leaves the local empty. */
#define TAKE_PTR(pointer)                                                                          \
	({                                                                                         \
		__typeof__(pointer) taken_ = (pointer);                                            \
		(pointer) = NULL;                                                                  \
		taken_;                                                                            \
	})
#define TAKE_FD(fd)                                                                                \
	({                                                                                         \
		int taken_ = (fd);                                                                 \
		(fd) = -1;                                                                         \
		taken_;                                                                            \
	})

static inline void tg_free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

static inline void tg_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void tg_close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define tg_autofree   tg_cleanup(tg_free_pointer)
#define tg_autoclose  tg_cleanup(tg_close_fd)
#define tg_autofclose tg_cleanup(tg_close_file)

#endif
