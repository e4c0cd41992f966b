/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Charging the buckets of shared limits, and learning what they gave. */
#ifndef TG_KERNEL_DEBIT_PROGRAM_H
#define TG_KERNEL_DEBIT_PROGRAM_H

#include <tidegate/tally.h>

#include "kernel/program.h"

/* Charges @n buckets (TG_TALLIES_MAX at most) and learns what they gave. 0 or -errno. */
int tg_tally_run(const struct tg_program *program, struct tg_tally *tallies, uint32_t n);

#endif
