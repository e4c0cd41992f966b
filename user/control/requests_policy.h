/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The requests that change the whole policy, ask what a change would do, or end it. */
#ifndef TG_CONTROL_REQUESTS_POLICY_H
#define TG_CONTROL_REQUESTS_POLICY_H

#include "control/reply.h"

tg_request_function tg_request_reload, tg_request_diff, tg_request_apply, tg_request_confirm,
	tg_request_rollback, tg_request_detach;

#endif
