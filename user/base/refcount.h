/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts the owners of an object that several share, also between threads. The count is of the
 * owners beyond the first, so that an object that is all zero has one. Once it is shared, an object
 * does not change any more.
 */
#ifndef TG_BASE_REFCOUNT_H
#define TG_BASE_REFCOUNT_H

#include <stdbool.h>

/* Adds an owner. */
static inline void tg_refcount_get(unsigned int *others)
{
	__atomic_fetch_add(others, 1, __ATOMIC_RELAXED);
}

/* Takes an owner away. Returns true if it was the last: it must free the object. */
static inline bool tg_refcount_put(unsigned int *others)
{
	return __atomic_fetch_sub(others, 1, __ATOMIC_ACQ_REL) == 0;
}

/* Returns whether there is more than one owner. If not, only that owner itself can add others. */
static inline bool tg_refcount_shared(const unsigned int *others)
{
	return __atomic_load_n(others, __ATOMIC_ACQUIRE) != 0;
}

#endif
