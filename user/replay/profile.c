// SPDX-License-Identifier: GPL-2.0-or-later
/* Measures kinds of traffic and their sources, each source with a bucket at each of the rates. */
#define HASH_NONFATAL_OOM 1
#include "replay/profile.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <tidegate/gcra.h>

#include "kernel/packet_clock.h"
#include "policy/compile.h"
#include "policy/rate.h"
#include "base/clock.h"

#define NS_PER_M   (60 * NS_PER_S)
#define MAIN_KINDS 16 /* kinds whose sources are kept when there are too many */

/* Six rates a minute, then 1, 2 and 5 times each power of ten a second, up to a million. */
static void make_refill(size_t i, struct tg_refill *refill)
{
	static const unsigned int minutely[] = {1, 2, 5, 10, 20, 30}, steps[] = {1, 2, 5};
	size_t slow = sizeof(minutely) / sizeof(minutely[0]), power;

	*refill = (struct tg_refill){
		.capacity = TG_PROFILE_BURST, .interval = NS_PER_M, .continuous = true};
	if (i < slow) {
		refill->amount = minutely[i];
		return;
	}
	refill->interval = NS_PER_S;
	refill->amount = steps[(i - slow) % 3];
	for (power = (i - slow) / 3; power; power--)
		refill->amount *= 10;
}

int tg_profile_start(struct tg_profile *profile, enum tg_config_per per, unsigned int prefix4,
		     unsigned int prefix6)
{
	size_t i;
	int error = 0;

	profile->per = per;
	if (per != TG_CONFIG_PER_EVERYONE) {
		profile->mask4 = tg_address_mask(96 + prefix4);
		profile->mask6 = tg_address_mask(prefix6);
	}
	for (i = 0; i < TG_PROFILE_RATES && !error; i++) {
		make_refill(i, &profile->refills[i]);
		error = tg_rate_compile(&profile->refills[i], tg_clock_tick(), 0,
					&profile->rates[i]);
	}
	return error;
}

static struct tg_profile_kind *kind_of(struct tg_profile *profile, const struct tg_trace *trace)
{
	uint16_t port = trace->has_ports ? ntohs(trace->destination_port) : 0;
	uint32_t id = (uint32_t)trace->protocol << 16 | port;
	struct tg_profile_kind *kind;

	HASH_FIND(hh, profile->kinds, &id, sizeof(id), kind);
	if (kind)
		return kind;
	kind = calloc(1, sizeof(*kind));
	if (!kind)
		return NULL;
	*kind = (struct tg_profile_kind){
		.id = id, .protocol = trace->protocol, .port = port, .has_port = trace->has_ports};
	HASH_ADD(hh, profile->kinds, id, sizeof(id), kind);
	if (kind->hh.tbl)
		return kind;
	free(kind);
	return NULL;
}

static int most_packets_first(const struct tg_profile_kind *a, const struct tg_profile_kind *b)
{
	return (a->packets < b->packets) - (a->packets > b->packets);
}

void tg_profile_sort_kinds(struct tg_profile *profile)
{
	HASH_SORT(profile->kinds, most_packets_first);
}

/* Frees the sources of all but the busiest MAIN_KINDS. */
static void close_minor_kinds(struct tg_profile *profile)
{
	struct tg_profile_source *source, *next;
	struct tg_profile_kind *kind;
	uint32_t id;
	size_t i = 0;

	tg_profile_sort_kinds(profile);
	for (kind = profile->kinds; kind; kind = kind->hh.next)
		kind->closed |= i++ >= MAIN_KINDS;
	HASH_ITER(hh, profile->sources, source, next)
	{
		id = source->key.kind;
		HASH_FIND(hh, profile->kinds, &id, sizeof(id), kind);
		if (kind && !kind->closed)
			continue;
		HASH_DEL(profile->sources, source);
		free(source);
	}
	profile->full = HASH_COUNT(profile->sources) >= TG_PROFILE_SOURCES;
}

static void profile_key(const struct tg_profile *profile, const struct tg_trace *trace,
			uint32_t kind, struct tg_profile_key *key)
{
	const struct tg_address *address =
		profile->per == TG_CONFIG_PER_DESTINATION ? &trace->destination : &trace->source;
	bool is_ipv4 = !address->high && be64toh(address->low) >> 32 == 0xffff;
	const struct tg_address *mask = is_ipv4 ? &profile->mask4 : &profile->mask6;

	key->address.high = address->high & mask->high;
	key->address.low = address->low & mask->low;
	key->kind = kind;
}

/* Sets *@source, to NULL if there is no room for another. Returns 0 or -ENOMEM. */
static int find_or_add_source(struct tg_profile *profile, struct tg_profile_kind *kind,
			      const struct tg_profile_key *key, struct tg_profile_source **source)
{
	struct tg_profile_source *made;

	HASH_FIND(hh, profile->sources, key, sizeof(*key), *source);
	if (*source || profile->full)
		return 0;
	if (HASH_COUNT(profile->sources) >= TG_PROFILE_SOURCES) {
		close_minor_kinds(profile);
		if (kind->closed || profile->full)
			return 0;
	}
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->key = *key;
	HASH_ADD(hh, profile->sources, key, sizeof(made->key), made);
	if (!made->hh.tbl) {
		free(made);
		return -ENOMEM;
	}
	kind->sources++;
	*source = made;
	return 0;
}

/* Takes a token from the bucket at each rate, and notes the most that each bucket ever lacked. */
static void charge(const struct tg_profile *profile, struct tg_profile_source *source, uint64_t now)
{
	const struct tg_rate *rate;
	uint64_t clock, deficit;
	size_t i;

	for (i = 0; i < TG_PROFILE_RATES; i++) {
		rate = &profile->rates[i];
		clock = tg_gcra_clock(rate, now);
		deficit = source->packets ? tg_gcra_deficit(rate, source->states[i], clock) : 0;
		deficit += tg_units(rate, 1);
		if (deficit > source->deepest[i])
			source->deepest[i] = deficit;
		if (deficit > rate->capacity)
			deficit = rate->capacity;
		source->states[i] = tg_gcra_state(deficit, clock, 0);
	}
}

static void count_window(struct tg_profile_source *source, uint64_t now)
{
	uint64_t window = now / (TG_PROFILE_WINDOW * NS_PER_S);

	if (window != source->window)
		source->in_window = 0;
	source->window = window;
	if (++source->in_window > source->busiest)
		source->busiest = source->in_window;
}

int tg_profile_packet(struct tg_profile *profile, const struct tg_trace *trace, uint64_t now)
{
	struct tg_profile_source *source = NULL;
	struct tg_profile_kind *kind;
	struct tg_profile_key key;
	int error;

	if (!trace->evaluated)
		return 0;
	profile->packets++;
	if (trace->fragment == TG_FRAGMENT_LATER) {
		profile->fragments++;
		return 0;
	}
	kind = kind_of(profile, trace);
	if (!kind)
		return -ENOMEM;
	kind->packets++;
	if (kind->closed)
		return 0;
	profile_key(profile, trace, kind->id, &key);
	error = find_or_add_source(profile, kind, &key, &source);
	if (error || !source)
		return error;
	charge(profile, source, now);
	count_window(source, now);
	source->packets++;
	return 0;
}

uint64_t tg_profile_burst(const struct tg_profile *profile, const struct tg_profile_source *source,
			  size_t rate)
{
	uint64_t token = tg_units(&profile->rates[rate], 1);

	return (source->deepest[rate] + token - 1) / token;
}

void tg_profile_clear(struct tg_profile *profile)
{
	struct tg_profile_source *source, *next_source;
	struct tg_profile_kind *kind, *next_kind;

	HASH_ITER(hh, profile->sources, source, next_source)
	{
		HASH_DEL(profile->sources, source);
		free(source);
	}
	HASH_ITER(hh, profile->kinds, kind, next_kind)
	{
		HASH_DEL(profile->kinds, kind);
		free(kind);
	}
}
