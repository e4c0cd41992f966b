/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The requests that only look. */
#ifndef TG_CONTROL_REQUESTS_SHOW_H
#define TG_CONTROL_REQUESTS_SHOW_H

#include "control/reply.h"

tg_request_function tg_request_status, tg_request_limits, tg_request_top, tg_request_why,
	tg_request_cluster, tg_request_events, tg_request_version;

#endif
