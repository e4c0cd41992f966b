/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What new_sources allows, in the kernel: the map of struct tg_admission, by bank and slot. */
#ifndef TG_KERNEL_ADMISSION_H
#define TG_KERNEL_ADMISSION_H

#include <stdbool.h>

#include "policy/compile.h"

/*
 * Writes the admissions of @compiled into bank @to of the map @fd, where no program reads yet. One
 * that the limit had in the other bank keeps the share that is missing, as buckets do. 0 or -errno.
 */
int tg_admission_write(int fd, uint32_t to, const struct tg_compiled *compiled);

/* Whether a source that has no bucket would get one now, if there is room. */
bool tg_admission_is_open(int fd, uint32_t bank, uint32_t slot);

#endif
