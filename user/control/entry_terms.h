/* SPDX-License-Identifier: GPL-2.0-or-later */
/* On what terms an entry is added: for how long, with which note. */
#ifndef TG_CONTROL_ENTRY_TERMS_H
#define TG_CONTROL_ENTRY_TERMS_H

#include <stddef.h>
#include <stdint.h>

/*
 * @duration: "10m", or NULL for TG_NO_END in *@for_ns. @note: at most TG_NOTE_SIZE - 1 bytes of
 * UTF-8 on one line, or NULL. Returns 0, or -EINVAL with a sentence in @why.
 */
int tg_entry_take_terms(const char *duration, const char *note, uint64_t *for_ns, char *why,
			size_t why_size);

#endif
