/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The shared limits of a configuration, as the exchange knows them. */
#ifndef TG_CLUSTER_RULES_H
#define TG_CLUSTER_RULES_H

#include "config/config.h"
#include "cluster/exchange_private.h"

/*
 * Of all that counts depend on: name, what has a bucket, unit and refill, on every machine the
 * same. Not of the rest: which packets count, where, and what becomes of them is each node's own.
 */
uint64_t tg_exchange_rule_hash(const struct tg_config_limit *limit);

/* In the order of the configuration; @rules has TG_SHARED_LIMITS_MAX places. Returns how many. */
size_t tg_exchange_rules_of(const struct tg_config *config, struct tg_exchange_rule *rules);

#endif
