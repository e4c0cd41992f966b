/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the program that charges buckets of shared limits. */
#ifndef TG_KERNEL_DEBIT_PROGRAM_H
#define TG_KERNEL_DEBIT_PROGRAM_H

#include <tidegate/shared.h>

#include "kernel/program.h"

/*
 * Charges @n debits (TG_DEBITS_MAX at most) and writes the results to their out fields. Returns 0
 * or -errno; after a failure the debits may be charged or not, and the out fields are undefined.
 */
int tg_debit_run(const struct tg_program *program, struct tg_debit *debits, uint32_t n);

#endif
