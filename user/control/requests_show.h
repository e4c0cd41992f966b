/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Handlers that change nothing. Members with a default may be absent. TG_EXIT_NOT_FOUND if "limit"
 * does not exist, TG_EXIT_FAILED if the maps cannot be read.
 *
 * tg_request_status, tg_request_version: no members. Results: tg_report_status(), {"version":
 * TEXT}. tg_request_limits: "limit": NAME (all). Result: tg_report_limits(). tg_request_cluster: no
 * members. Result: tg_report_cluster(). TG_EXIT_NOT_FOUND without a cluster. tg_request_events:
 * "limit": NAME (all), "after": NUMBER (0), "epoch": TEXT (none), "n": 1 to 1000, "last": BOOL
 * (false). Result: tg_events_report().
 */
#ifndef TG_CONTROL_REQUESTS_SHOW_H
#define TG_CONTROL_REQUESTS_SHOW_H

#include "control/reply.h"

tg_request_function tg_request_status, tg_request_limits, tg_request_cluster, tg_request_events,
	tg_request_version;

#endif
