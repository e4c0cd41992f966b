// SPDX-License-Identifier: GPL-2.0-or-later
/* The hash of a limit. Its input is part of the protocol between nodes. */
#include "cluster/rules.h"
#include "base/clock.h"

#include <endian.h>
#include <string.h>

_Static_assert(TG_CONFIG_LIMITS_MAX <= TG_SHARED_LIMITS_MAX, "limits");
_Static_assert(TG_CONFIG_NAME_SIZE == TG_SHARED_NAME_SIZE, "names");

/* Never renumber these: nodes of other versions must find the same hash. */
enum { PER_SOURCE = 0, PER_DESTINATION = 1, PER_EVERYONE = 2, PER_KEY = 3 };
enum { PACKETS = 0, BYTES = 1, CONNECTIONS = 2 };

static uint64_t hash_number(uint64_t hash, uint64_t number)
{
	number = htole64(number);
	return tg_frame_hash(hash, &number, sizeof(number));
}

static uint64_t hash_key(uint64_t hash, const struct tg_config_limit *limit)
{
	static const uint64_t pers[] = {
		[TG_CONFIG_PER_SOURCE] = PER_SOURCE,
		[TG_CONFIG_PER_DESTINATION] = PER_DESTINATION,
		[TG_CONFIG_PER_EVERYONE] = PER_EVERYONE,
		[TG_CONFIG_PER_KEY] = PER_KEY,
	};
	bool addresses =
		limit->per == TG_CONFIG_PER_SOURCE || limit->per == TG_CONFIG_PER_DESTINATION;

	hash = hash_number(hash, pers[limit->per]);
	hash = hash_number(hash, limit->per_port);
	hash = hash_number(hash, limit->per_protocol);
	hash = hash_number(hash, addresses ? limit->prefix4 : 0);
	return hash_number(hash, addresses ? limit->prefix6 : 0);
}

/*
 * Continuous rates are in lowest terms, so 60/m equals 1/s. 60 tokens at once each minute differ.
 */
static uint64_t hash_refill(uint64_t hash, const struct tg_refill *refill)
{
	hash = hash_number(hash, refill->capacity);
	hash = hash_number(hash, refill->continuous);
	hash = hash_number(hash, refill->amount);
	return hash_number(hash, refill->interval);
}

uint64_t tg_exchange_rule_hash(const struct tg_config_limit *limit)
{
	static const uint64_t units[] = {
		[TG_CONFIG_PACKETS] = PACKETS,
		[TG_CONFIG_BYTES] = BYTES,
		[TG_CONFIG_CONNECTIONS] = CONNECTIONS,
	};
	uint64_t hash = tg_frame_hash(TG_FRAME_HASH_START, limit->name, strlen(limit->name) + 1);

	hash = hash_key(hash, limit);
	hash = hash_number(hash, units[limit->unit]);
	return hash_refill(hash, &limit->refill);
}

size_t tg_exchange_rules_of(const struct tg_config *config, struct tg_exchange_rule *rules)
{
	const struct tg_config_limit *limit;
	size_t i, n = 0;

	for (i = 0; i < config->limits_n; i++) {
		limit = &config->limits[i];
		if (!limit->shared)
			continue;
		rules[n] = (struct tg_exchange_rule){
			.hash = tg_exchange_rule_hash(limit),
			.capacity = limit->refill.capacity,
			.rate = (double)limit->refill.amount * NS_PER_S /
				(double)limit->refill.interval,
			.on_loss = limit->on_store_loss,
		};
		memcpy(rules[n++].name, limit->name, sizeof(limit->name));
	}
	return n;
}
