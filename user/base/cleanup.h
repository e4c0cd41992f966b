/* SPDX-License-Identifier: LGPL-2.1-or-later OR BSD-2-Clause */
/* Cleanup attributes: a local variable frees what it owns when its scope ends. */
#ifndef TG_BASE_CLEANUP_H
#define TG_BASE_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define tg_cleanup(function) __attribute__((cleanup(function)))

/*
 * Return what the variable owns and set it to NULL or -1, so that the caller owns it and the
 * cleanup does nothing.
 */
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

/* Frees *@pointer, which may be NULL. @pointer is the address of the variable. */
static inline void tg_free_pointer(void *pointer)
{
	free(*(void **)pointer);
}

/* Closes *@fd unless it is negative. */
static inline void tg_close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* Closes *@file unless it is NULL. */
static inline void tg_close_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

/* A pointer from malloc(), a file descriptor, a FILE. */
#define tg_autofree   tg_cleanup(tg_free_pointer)
#define tg_autoclose  tg_cleanup(tg_close_fd)
#define tg_autofclose tg_cleanup(tg_close_file)

#endif
