/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A limit in plain words. */
#ifndef TG_DESCRIBE_H
#define TG_DESCRIBE_H

#include <stdio.h>

#include "config.h"

/* "udp to port 53, from 192.0.2.0/24": the packets that a limit is for. */
void tg_describe_match(const struct tg_config_limit *limit, FILE *out);

/* "each source (IPv4 /32, IPv6 /64)": who shares a bucket. */
void tg_describe_key(const struct tg_config_limit *limit, FILE *out);

/* "bursts to 100 packets, then 10 packets every 1s" */
void tg_describe_refill(const struct tg_config_limit *limit, FILE *out);

/* "packets", "bytes" or "connections", as in the file. */
const char *tg_unit_name(enum tg_config_unit unit);

#endif
