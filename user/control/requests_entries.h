/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handlers of requests for allow and deny entries. All read "list": "allow" or "deny".
 *
 * tg_request_add_entries: "prefixes": [TEXT...], "for": DURATION or absent (no end), "note": TEXT
 * or absent. Result: {"added": N, "replaced": N}. TG_EXIT_FAILED if the lists are full.
 *
 * tg_request_remove_entries: "prefixes". Result: {"removed": N}. TG_EXIT_NOT_FOUND if some are not
 * on the list; the others are removed all the same.
 *
 * tg_request_list_entries: "after": the "next" of the page before, absent for the first page.
 * Result:
 * {"entries": [...], "next": TEXT}; "next" is null in the last page. There are pages of 4096
 * entries, because 100,000 in one reply would hold up all other requests.
 */
#ifndef TG_CONTROL_REQUESTS_ENTRIES_H
#define TG_CONTROL_REQUESTS_ENTRIES_H

#include "control/reply.h"

tg_request_function tg_request_add_entries, tg_request_remove_entries, tg_request_list_entries;

#endif
