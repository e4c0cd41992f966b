/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The pins of dispatch programs, one for each hook and kind of header, in the state directory or in
 * a directory of pins that are about to replace those there. With them a link can be put back, and
 * a program be known as ours, without CAP_SYS_ADMIN.
 */
#ifndef TG_ATTACH_PROGRAM_PIN_H
#define TG_ATTACH_PROGRAM_PIN_H

#include <stddef.h>
#include <stdint.h>
#include <tidegate/abi.h>

/* Prefix of directories in the state directory: pins that are to replace those there. */
#define TG_NEXT_DIR "next-"

/*
 * Writes the name of the pin of the program that the links of a hook run on interfaces with
 * @header; 32 bytes are enough.
 */
void tg_program_pin_name(enum tg_hook hook, enum tg_header header, char *pin, size_t size);

/*
 * Returns a descriptor of the pinned dispatch program of @hook that has the kernel's id @id. The
 * caller closes it. -ENOENT: none has it; another -errno: they cannot be read.
 */
int tg_program_pin_find(const char *state_dir, enum tg_hook hook, uint32_t id);

#endif
