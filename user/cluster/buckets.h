/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connects the exchange with the kernel. Maps the hash of a limit to the limit's id in the policy
 * in force, and a source to its bucket. Lists the sources that packet programs report, and charges
 * debts to buckets.
 */
#ifndef TG_CLUSTER_BUCKETS_H
#define TG_CLUSTER_BUCKETS_H

#include "cluster/exchange.h"

struct tg_cluster_buckets;
struct tg_datapath;

/*
 * Opens the ring buffer of reports. @datapath must have a policy in force, and must outlive the
 * result. Discards reports that are there already, because they belong to an earlier epoch. Returns
 * 0 or -errno, logged.
 */
int tg_cluster_buckets_open(struct tg_datapath *datapath, struct tg_cluster_buckets **buckets);
void tg_cluster_buckets_close(struct tg_cluster_buckets **buckets); /* NULL-safe; sets NULL */

/*
 * Replaces the shared limits by @rules (@n, TG_SHARED_LIMITS_MAX at most), which must be limits of
 * the policy in force.
 */
void tg_cluster_buckets_rules(struct tg_cluster_buckets *buckets,
			      const struct tg_exchange_rule *rules, size_t n);

/* Adds the sources that packet programs have reported to the list of @exchange. @now in ns. */
void tg_cluster_buckets_list(struct tg_cluster_buckets *buckets, struct tg_exchange *exchange,
			     uint64_t now);

/*
 * Charges each listed source's debt to its bucket, and tells @exchange how many tokens the bucket
 * gave since the last call. A debt that cannot be charged stays owed. Logs a failure once.
 */
void tg_cluster_buckets_debit(struct tg_cluster_buckets *buckets, struct tg_exchange *exchange,
			      uint64_t now);

/*
 * Writes to the kernel until when each limit is enforced as shared, and how it is enforced after
 * that. Logs failures.
 */
void tg_cluster_buckets_announce(struct tg_cluster_buckets *buckets,
				 const struct tg_exchange *exchange);

/*
 * Returns by how many nodes the rate of @limit (its hash) is divided while the others are not
 * heard, as last announced; 1 if it is not divided or not a shared limit.
 */
uint32_t tg_cluster_buckets_parts(const struct tg_cluster_buckets *buckets, uint64_t limit);

/*
 * Returns the most tokens below empty that a bucket of @limit (its hash) has had; 0 if none or not
 * a shared limit.
 */
uint64_t tg_cluster_buckets_owed(const struct tg_cluster_buckets *buckets, uint64_t limit);

#endif
