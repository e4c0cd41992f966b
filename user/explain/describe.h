/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A limit in plain words. */
#ifndef TG_EXPLAIN_DESCRIBE_H
#define TG_EXPLAIN_DESCRIBE_H

#include <stdio.h>

#include "config/config.h"

/* "udp to port 53, from 192.0.2.0/24": the packets that a limit is for. */
void tg_describe_match(const struct tg_config_limit *limit, FILE *out);

/* "each source (IPv4 /32, IPv6 /64)": who shares a bucket. */
void tg_describe_key(const struct tg_config_limit *limit, FILE *out);

/* "bursts to 100 packets, then 10 packets every 1s" */
void tg_describe_refill(const struct tg_config_limit *limit, FILE *out);

/* "what exceeds is dropped, and closes the bucket for 100ms each time" */
void tg_describe_excess(const struct tg_config_limit *limit, FILE *out);

/* "new sources get a bucket of their own: 20000 at once, then 10000/s, and others share some" */
void tg_describe_new_sources(const struct tg_config_limit *limit, FILE *out);

/* "edge, of which this node is edge-1; every 50ms they meet at unix:/run/redis.sock" and so
 * on; nothing of passwords and keys */
void tg_describe_cluster(const struct tg_config_cluster *cluster, FILE *out);

/* "shared: while other nodes cannot be heard, this node has its part" */
void tg_describe_sharing(const struct tg_config_limit *limit, FILE *out);

/* "3 nodes together can for once admit 500 packets more than one", of a shared limit */
void tg_describe_excess_of_nodes(const struct tg_config *config,
				 const struct tg_config_limit *limit, FILE *out);

/* "xdp and tc-egress", of a mask of hooks */
void tg_describe_hooks(unsigned int hooks, FILE *out);

#endif
