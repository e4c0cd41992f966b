/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handlers that change the whole policy, say what a change would do, or end it. After a failure the
 * policy before is still in force.
 *
 * tg_request_reload: reads the configuration file again. Result: that of `status`. TG_EXIT_INVALID
 * if the file is not valid.
 *
 * tg_request_diff: "file": ABSOLUTE PATH. Result: {"equal": BOOL, "changes": [...], "diagnostics":
 * TEXT}. TG_EXIT_INVALID, with "diagnostics" in the reply, if the file is not valid.
 *
 * tg_request_apply: puts "file" in force; "confirm": DURATION from 1s to 24h, or absent. Result:
 * that of diff with "generation", "confirm_ms" and "config". Fails as diff does.
 *
 * tg_request_confirm: keeps what was applied with "confirm". Result: that of `status`.
 * TG_EXIT_NOT_FOUND if no change waits to be confirmed.
 *
 * tg_request_rollback: puts the policy before the last change in force. Result: that of `status`.
 *
 * tg_request_detach: has the daemon remove all that it put into the kernel, and end. Result: that
 * of `status`, before it does.
 */
#ifndef TG_CONTROL_REQUESTS_POLICY_H
#define TG_CONTROL_REQUESTS_POLICY_H

#include "control/reply.h"

tg_request_function tg_request_confirm, tg_request_detach;
tg_request_later_function tg_request_reload, tg_request_diff, tg_request_apply, tg_request_rollback;

#endif
