/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tells from what the kernel says of an interface with which header its frames begin. */
#ifndef TG_ATTACH_HEADER_H
#define TG_ATTACH_HEADER_H

#include <stddef.h>
#include <tidegate/abi.h>

struct nlmsghdr;

/* Longest sentence about why an interface cannot be limited, with the terminating NUL. */
#define TG_HEADER_WHY 192

/*
 * Reads @link, an RTM_NEWLINK message. Returns 0 and sets *@header. Returns -EPROTONOSUPPORT and
 * writes to @why (TG_HEADER_WHY bytes) what follows "eth0: " if programs cannot find the IP packet
 * in such frames.
 */
int tg_header_of(const struct nlmsghdr *link, enum tg_header *header, char *why);

#endif
