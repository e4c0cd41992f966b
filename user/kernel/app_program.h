/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program by which applications charge buckets: one for each generation, pinned by its bank in
 * the state directory, where the library (lib/) finds it.
 */
#ifndef TG_KERNEL_APP_PROGRAM_H
#define TG_KERNEL_APP_PROGRAM_H

#include "kernel/program.h"

/*
 * Loads the program that goes with @program and @compiled and pins it for the bank, in place of
 * what is there. Root may run it, and the group of this process. 0 or -errno with @errmsg.
 */
int tg_app_program_pin(const struct tg_program *program, const struct tg_compiled *compiled,
		       const char *state_dir, char *errmsg);

void tg_app_program_unpin(const char *state_dir, uint32_t bank);

/* Has no program answer any more for maps that are being given up. @meta: that map, or -1. */
void tg_app_program_void(int meta);

#endif
