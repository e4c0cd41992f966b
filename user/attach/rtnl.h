/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request to the kernel about interfaces, qdiscs or filters (rtnetlink(7)). */
#ifndef TG_ATTACH_RTNL_H
#define TG_ATTACH_RTNL_H

#include <libmnl/libmnl.h>

/*
 * Sends @request, whose sequence number it sets, and waits for the whole reply. Calls @each (may be
 * NULL) with each message of it and @data. @request must have NLM_F_DUMP or NLM_F_ACK, so that the
 * reply has an end. Returns 0 or -errno: the kernel's, or errno as @each left it when it returned
 * MNL_CB_ERROR.
 */
int tg_rtnl_request(struct nlmsghdr *request, mnl_cb_t each, void *data);

#endif
