/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words that several commands print. */
#ifndef TG_CLI_PRINT_H
#define TG_CLI_PRINT_H

#include <jansson.h>
#include <stddef.h>

/* Returns the refill of @limit, one of the `limits` in a reply, in words: "10 every 1s" in @text,
 * or its "rate", such as "1000/s", which is @limit's. */
const char *tg_json_refill(const json_t *limit, char *text, size_t size);

#endif
