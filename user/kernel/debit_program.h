/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Charging the buckets of shared limits, and learning what they gave. */
#ifndef TG_KERNEL_DEBIT_PROGRAM_H
#define TG_KERNEL_DEBIT_PROGRAM_H

#include <tidegate/shared.h>

#include "kernel/program.h"

/* Charges @n buckets (TG_DEBITS_MAX at most) and learns what they gave. 0 or -errno. */
int tg_debit_run(const struct tg_program *program, struct tg_debit *debits, uint32_t n);

#endif
