/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The requests for allow and deny entries; each with "list": "allow" or "deny".
 * add: "prefixes": [TEXT...], "for": DURATION or absent, "note": TEXT or absent.
 * remove: "prefixes".
 * list: a page of the list; "after": the "next" of the page before, which is null in the last
 * one. In pages, since 100,000 entries in one answer would hold up all other requests.
 */
#ifndef TG_CONTROL_REQUESTS_ENTRIES_H
#define TG_CONTROL_REQUESTS_ENTRIES_H

#include "control/reply.h"

tg_request_function tg_request_add_entries, tg_request_remove_entries, tg_request_list_entries;

#endif
