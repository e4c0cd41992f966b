/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks the terms on which an allow or deny entry is added: how long it lasts, and its note. */
#ifndef TG_CONTROL_ENTRY_TERMS_H
#define TG_CONTROL_ENTRY_TERMS_H

#include <stddef.h>
#include <stdint.h>

/*
 * Takes @duration, such as "10m", "4999h59m53s" or "600" (seconds), from 1ns to 36500d (NULL and
 * "-1": no end), and @note, one line of UTF-8
 * of at most TG_NOTE_SIZE - 1 bytes (NULL: none). Returns 0 with ns in *@for_ns, TG_NO_END if it
 * does not end; or -EINVAL with a sentence in @why that says what to write, cut off at @why_size
 * bytes.
 */
int tg_entry_take_terms(const char *duration, const char *note, uint64_t *for_ns, char *why,
			size_t why_size);

#endif
