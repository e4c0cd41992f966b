/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Describes limits in words. Each function writes to @out, without a line end, as in its example.
 */
#ifndef TG_EXPLAIN_DESCRIBE_H
#define TG_EXPLAIN_DESCRIBE_H

#include <stdio.h>

#include "config/config.h"

/* Writes which packets a limit is for: "udp to port 53, from 192.0.2.0/24". */
void tg_describe_match(const struct tg_config_limit *limit, FILE *out);

/* Writes who shares a bucket: "each source (IPv4 /32, IPv6 /64)". */
void tg_describe_key(const struct tg_config_limit *limit, FILE *out);

/* Writes capacity and refill: "bursts to 100 packets, then 10 packets every 1s". */
void tg_describe_refill(const struct tg_config_limit *limit, FILE *out);

/*
 * Writes what happens to excess: "what exceeds is dropped, and closes the bucket for 100ms each
 * time".
 */
void tg_describe_excess(const struct tg_config_limit *limit, FILE *out);

/*
 * Writes how fast new sources get a bucket: "new sources get a bucket of their own: 20000 at once,
 * then 10000/s, and others share some".
 */
void tg_describe_new_sources(const struct tg_config_limit *limit, FILE *out);

/*
 * Writes how the table is divided: "65536 buckets kept at once: 6553 for login, 26214 for each
 * other limit but those of everyone, 32769 for whoever comes".
 */
void tg_describe_table(const struct tg_config *config, FILE *out);

/*
 * Writes a cluster: "edge, of which this node is edge-1; every 50ms they meet at
 * unix:/run/redis.sock" and so on. Says nothing of passwords and keys.
 */
void tg_describe_cluster(const struct tg_config_cluster *cluster, FILE *out);

/*
 * Writes whether a limit is shared: "shared: while other nodes cannot be heard, this node has its
 * part".
 */
void tg_describe_sharing(const struct tg_config_limit *limit, FILE *out);

/*
 * Writes tg_shared_excess() of a shared limit: "3 nodes together can for once admit 500 packets
 * more than one".
 */
void tg_describe_excess_of_nodes(const struct tg_config *config,
				 const struct tg_config_limit *limit, FILE *out);

/* Writes a mask of hooks: "xdp and tc-egress". */
void tg_describe_hooks(unsigned int hooks, FILE *out);

#endif
