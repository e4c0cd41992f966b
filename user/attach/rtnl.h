/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request to the kernel about interfaces, qdiscs or filters (rtnetlink(7)). */
#ifndef TG_ATTACH_RTNL_H
#define TG_ATTACH_RTNL_H

#include <libmnl/libmnl.h>

/*
 * Sends @request, whose sequence number it sets, and waits for the whole reply. Calls @each (may be
 * NULL) with each message of it and @data. @request must have NLM_F_ACK, so that the reply has an
 * end. Returns 0 or -errno: the kernel's, or errno as @each left it when it returned MNL_CB_ERROR.
 */
int tg_rtnl_request(struct nlmsghdr *request, mnl_cb_t each, void *data);

/*
 * The same for a @request with NLM_F_DUMP. A dump that the kernel marks as interrupted, because
 * something changed meanwhile, or that it could not deliver whole, is repeated a few times, for
 * less than 100 ms in all. Before each repeat, @restart is to forget what @each has gathered in
 * @data. Returns 0 only if @each saw one whole and consistent dump; -EINTR if there was none.
 */
int tg_rtnl_dump(struct nlmsghdr *request, mnl_cb_t each, void (*restart)(void *data), void *data);

#endif
