/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rates of new_sources in the kernel: a map of struct tg_admission, by bank and slot. */
#ifndef TG_KERNEL_ADMISSION_H
#define TG_KERNEL_ADMISSION_H

#include <stdbool.h>

#include "policy/compile.h"

/*
 * Writes the admissions of @compiled to bank @to of the map @fd, which no program reads yet. A
 * limit that is not new keeps its state from the other bank. If its rate changed, the same part of
 * the capacity stays missing, as in buckets. Returns 0 or -errno, with a part of the bank written.
 */
int tg_admission_write(int fd, uint32_t to, const struct tg_compiled *compiled);

/*
 * Returns 1 if a new source of the limit in @slot would be admitted now, as it always is without
 * new_sources; 0 if not; or -errno. Changes nothing.
 */
int tg_admission_is_open(int fd, uint32_t bank, uint32_t slot);

#endif
