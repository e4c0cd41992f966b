/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One question to the kernel about interfaces, queues or filters (rtnetlink(7)), and its answer. */
#ifndef TG_ATTACH_RTNL_H
#define TG_ATTACH_RTNL_H

#include <libmnl/libmnl.h>

/* Sends a request and hands each message of the answer to @each. 0 or -errno: the kernel's, or
 * what @each left in errno with MNL_CB_ERROR. */
int tg_rtnl_request(struct nlmsghdr *request, mnl_cb_t each, void *data);

#endif
