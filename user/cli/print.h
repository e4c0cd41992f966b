/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What several commands print of the daemon's answers. */
#ifndef TG_CLI_PRINT_H
#define TG_CLI_PRINT_H

#include <jansson.h>
#include <stddef.h>

/* A limit's refill in words: "10 every 1s", or "1000/s". */
const char *tg_json_refill(const json_t *limit, char *text, size_t size);

#endif
