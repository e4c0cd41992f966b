/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lets no text from outside give orders to the terminal. */
#ifndef TG_CLI_TERMINAL_H
#define TG_CLI_TERMINAL_H

#include <stdio.h>

/*
 * Replaces stdout and stderr by streams to the same files. They write ends of lines as they are,
 * and all else by tg_text_escape(), so that JSON stays JSON. What means to steer the terminal uses
 * the descriptor. Returns 0 or -errno.
 */
int tg_terminal_guard(void);

/* Returns such a stream to @fd, which it does not close; NULL when out of memory. */
FILE *tg_terminal_stream(int fd);

#endif
