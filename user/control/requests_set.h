/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handlers that change single limits, or their buckets. TG_EXIT_NOT_FOUND if a limit does not
 * exist. With "save": true the first two write the values into the configuration file as well; if
 * that fails, the reply is TG_EXIT_FAILED though the values are in force.
 *
 * tg_request_set: "limit": NAME, "values": {KEY: TEXT...}. Result: that of `limits` for this limit,
 * with "saved" and "config".
 *
 * tg_request_shadow: "on": BOOL, "limits": [NAME...]. Result: {"generation": N, "limits": [{"name",
 * "shadow"}...], "saved": BOOL, "config": PATH}.
 *
 * tg_request_reset: fills the buckets of "address" or "key", narrowed down by "limit"; or those of
 * "limit"; or with "all": true each of them. Result: {"reset": N}.
 */
#ifndef TG_CONTROL_REQUESTS_SET_H
#define TG_CONTROL_REQUESTS_SET_H

#include "control/reply.h"

tg_request_later_function tg_request_set, tg_request_shadow, tg_request_reset;

#endif
