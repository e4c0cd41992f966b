/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks what a driver can do, by the kernel's netdev family of generic netlink. */
#ifndef TG_BASE_XDP_DRIVER_H
#define TG_BASE_XDP_DRIVER_H

/*
 * Returns 1 if the driver of the interface has native XDP, 0 if it has none, or -errno: the kernel
 * (before Linux 6.3) does not say, or there is no such interface.
 */
int tg_xdp_driver_native(unsigned int ifindex);

#endif
