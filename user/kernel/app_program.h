/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The program by which applications charge buckets. Each generation has one. It is pinned in the
 * state directory under TG_APP_PIN and the bank, where libtidegate opens it.
 */
#ifndef TG_KERNEL_APP_PROGRAM_H
#define TG_KERNEL_APP_PROGRAM_H

#include "kernel/program.h"

/*
 * Loads the program for the generation @program, made from @compiled, and pins it for the bank of
 * @compiled, in place of the pin there. Mode 0660: root and the group of this process may run it.
 * Returns 0, or -errno with @errmsg (TG_ERRMSG_SIZE). Also returns 0, logged and without a pin, if
 * the verifier refuses the program, so that packets are limited nevertheless.
 */
int tg_app_program_pin(const struct tg_program *program, const struct tg_compiled *compiled,
		       const char *state_dir, char *errmsg);

/* Unlinks the pin of @bank, if it is there. */
void tg_app_program_unpin(const char *state_dir, uint32_t bank);

/*
 * Makes all applications' programs on these maps return TG_APP_STALE, before the maps are given up.
 * @meta: a descriptor of the map meta, of this version or an older one; -1: does nothing.
 */
void tg_app_program_void(int meta);

#endif
