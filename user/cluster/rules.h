/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the rules of the exchange from the shared limits of a configuration. */
#ifndef TG_CLUSTER_RULES_H
#define TG_CLUSTER_RULES_H

#include "config/config.h"
#include "cluster/exchange_private.h"

/*
 * Returns the hash of all that must be equal for counts of two nodes to be added: name, per, ports
 * and protocol in the key, prefixes, unit and refill. It is the same on every machine and in every
 * version. Match, interfaces and action are not in it, because each node may have its own.
 */
uint64_t tg_exchange_rule_hash(const struct tg_config_limit *limit);

/*
 * Writes the shared limits to @rules, which has room for TG_SHARED_LIMITS_MAX, in the order of the
 * configuration. Returns how many there are.
 */
size_t tg_exchange_rules_of(const struct tg_config *config, struct tg_exchange_rule *rules);

#endif
