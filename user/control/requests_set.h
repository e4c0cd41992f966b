/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The requests that change limits one by one, or their buckets. */
#ifndef TG_CONTROL_REQUESTS_SET_H
#define TG_CONTROL_REQUESTS_SET_H

#include "control/reply.h"

tg_request_function tg_request_set, tg_request_shadow, tg_request_reset;

#endif
