/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Between the exchange and the kernel: limits by the hash of their definition are those of the
 * policy in force by their slots, sources are buckets, reports come from the packet programs, and
 * debts go into buckets.
 */
#ifndef TG_CLUSTER_BUCKETS_H
#define TG_CLUSTER_BUCKETS_H

#include "cluster/exchange.h"

struct tg_cluster_buckets;
struct tg_datapath;

/* After a policy came into force. What a former daemon has not read of reports is left out: it
 * belongs to an epoch that is over. 0 or -errno, logged. */
int tg_cluster_buckets_open(struct tg_datapath *datapath, struct tg_cluster_buckets **buckets);
void tg_cluster_buckets_close(struct tg_cluster_buckets **buckets); /* NULL-safe */

/* The shared limits of the policy that is in force now, TG_SHARED_LIMITS_MAX at most. */
void tg_cluster_buckets_rules(struct tg_cluster_buckets *buckets,
			      const struct tg_exchange_rule *rules, size_t n);

/* Lists the sources that packet programs have reported. */
void tg_cluster_buckets_list(struct tg_cluster_buckets *buckets, struct tg_exchange *exchange,
			     uint64_t now);

/* Charges what is owed and counts what was taken. What cannot be charged now stays owed. */
void tg_cluster_buckets_debit(struct tg_cluster_buckets *buckets, struct tg_exchange *exchange,
			      uint64_t now);

/* Tells the packet programs until when limits are exchanged, and what holds after that. */
void tg_cluster_buckets_announce(struct tg_cluster_buckets *buckets,
				 const struct tg_exchange *exchange);

/* In how many parts a limit on its own was last announced to be divided; 1: it is not. */
uint32_t tg_cluster_buckets_parts(const struct tg_cluster_buckets *buckets, uint64_t limit);

/* The most tokens beyond being empty that a bucket of the limit was found to owe; 0: none. */
uint64_t tg_cluster_buckets_owed(const struct tg_cluster_buckets *buckets, uint64_t limit);

#endif
