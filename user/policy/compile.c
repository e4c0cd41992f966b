// SPDX-License-Identifier: GPL-2.0-or-later
/* Compiles limits and lists, and decides which slot, id and rate version each limit gets. */
#include <endian.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <tidegate/name_hash.h>

#include "base/cleanup.h"
#include "base/refcount.h"
#include "config/table_parts.h"
#include "policy/compile.h"
#include "policy/compile_match.h"
#include "policy/rate.h"
#include "policy/table_layout.h"

struct tg_address tg_address_mask(unsigned int length)
{
	uint64_t high = length >= 64 ? UINT64_MAX : ~(UINT64_MAX >> length);
	uint64_t low = length >= 128  ? UINT64_MAX
		       : length <= 64 ? 0
				      : ~(UINT64_MAX >> (length - 64));

	if (length == 0)
		high = 0;
	return (struct tg_address){.high = htobe64(high), .low = htobe64(low)};
}

static int find_record(const struct tg_limit_record *records, const char *name)
{
	int slot;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++)
		if (records[slot].name[0] && strcmp(records[slot].name, name) == 0)
			return slot;
	return -ENOENT;
}

/*
 * Returns a free slot, or -ENOSPC. Prefers one that was free before, because running programs may
 * still use the others.
 */
static int find_free(const struct tg_limit_record *before, const struct tg_limit_record *now)
{
	int slot;

	for (slot = 0; slot < TG_LIMITS_MAX; slot++)
		if (!before[slot].name[0] && !now[slot].name[0])
			return slot;
	for (slot = 0; slot < TG_LIMITS_MAX; slot++)
		if (!now[slot].name[0])
			return slot;
	return -ENOSPC;
}

/*
 * Returns a number for what the keys of buckets are made from: it differs if the keys do. Never 0,
 * so that no empty record has it. For per: key it includes a cluster's secret of the hash; the
 * secret of a machine never changes.
 */
static uint32_t shape_of(const struct tg_config_limit *limit, const struct tg_compiled *compiled)
{
	uint32_t shape = 1 | limit->per << 1 | limit->per_port << 3 | limit->per_protocol << 4;

	if (limit->per == TG_CONFIG_PER_EVERYONE)
		return shape;
	if (limit->per == TG_CONFIG_PER_KEY)
		return compiled->shares_names ? shape | (uint32_t)compiled->policy.name_key[0] << 8
					      : shape;
	return shape | limit->prefix4 << 8 | limit->prefix6 << 16;
}

static uint32_t new_id(struct tg_compiled *compiled, unsigned int slot)
{
	return compiled->next_serial++ * TG_LIMITS_MAX + slot;
}

/*
 * Takes a record over from the policy in force. A changed rate gets the next version. A changed
 * shape gets a new id, because the old buckets cannot be found by the new keys.
 */
static void keep_record(const struct tg_limit_record *before, const struct tg_config_limit *limit,
			const struct tg_rate *rate, struct tg_compiled *compiled, unsigned int slot)
{
	struct tg_limit_record *record = &compiled->records[slot];

	*record = *before;
	record->predecessor = 0;
	record->shape = shape_of(limit, compiled);
	if (record->shape != before->shape) {
		record->predecessor = before->id;
		record->id = new_id(compiled, slot);
	}
	if (memcmp(&record->rates[record->version], rate, sizeof(*rate)) == 0)
		return;
	record->version = (record->version + 1) % TG_RATE_VERSIONS;
	record->rates[record->version] = *rate;
	compiled->rates_changed = true;
}

_Static_assert(TG_LIMIT_NAME_SIZE == TG_CONFIG_NAME_SIZE, "limit name");

static void make_record(const struct tg_config_limit *limit, const struct tg_rate *rate,
			struct tg_compiled *compiled, unsigned int slot)
{
	struct tg_limit_record *record = &compiled->records[slot];
	int version;

	memset(record, 0, sizeof(*record));
	memcpy(record->name, limit->name, sizeof(record->name));
	record->id = new_id(compiled, slot);
	record->shape = shape_of(limit, compiled);
	for (version = 0; version <= TG_RATE_VERSIONS; version++)
		record->rates[version] = *rate;
	compiled->fresh |= 1ULL << slot;
}

/* ns added to max_delay, because rates are rounded down and its last token comes late by less. */
#define ROUNDING_NS 1000

static uint8_t mark_flags(const struct tg_config_mark *mark)
{
	return (mark->dscp >= 0 ? TG_MARK_DSCP : 0) | (mark->ecn ? TG_MARK_ECN : 0) |
	       (mark->has_fwmark ? TG_MARK_FWMARK : 0) |
	       (mark->has_priority ? TG_MARK_PRIORITY : 0) |
	       (mark->ecn && mark->drop_not_ecn ? TG_MARK_DROP_NOT_ECN : 0);
}

/* Penalties of this many ticks may use the coarse clock; see compile_rate(). */
#define TICKS_OF_PENALTY 4

/*
 * Returns a penalty in ns as the limit's clock measures it. The coarse clock is late by up to a
 * tick, and ticks are not quite even, so the penalty is whole ticks less half a tick: a sender who
 * waits as long as configured is admitted.
 */
static uint64_t on_clock(uint64_t penalty, uint32_t clock, uint64_t tick)
{
	return clock == TG_CLOCK_COARSE ? penalty / tick * tick - tick / 2 : penalty;
}

static void compile_backoff(const struct tg_config_backoff *backoff, uint32_t clock, uint64_t tick,
			    __u64 penalties[TG_BACKOFF_STEPS])
{
	uint64_t penalty = backoff->initial;
	int i;

	for (i = 0; i < TG_BACKOFF_STEPS; i++) {
		if (penalty > backoff->max)
			penalty = backoff->max;
		penalties[i] = on_clock(penalty, clock, tick);
		penalty = penalty * backoff->factor / 1000;
	}
}

/*
 * Compiles what happens to excess. A shadow limit does nothing, but keeps the rate it would have
 * without shadow, so that switching does not convert its buckets.
 */
static void compile_action(const struct tg_config_limit *limit, uint64_t tick,
			   struct tg_compiled *compiled, unsigned int slot)
{
	static const uint8_t actions[] = {
		[TG_CONFIG_DROP] = TG_ACTION_DROP,
		[TG_CONFIG_MARK] = TG_ACTION_MARK,
		[TG_CONFIG_DELAY] = TG_ACTION_DELAY,
		[TG_CONFIG_REJECT] = TG_ACTION_REJECT,
	};
	struct tg_limit *out = &compiled->policy.limits[slot];

	out->mark_above = UINT64_MAX;
	out->shadow = limit->shadow;
	out->is_fast = 1;
	if (limit->shadow)
		return;
	out->action = actions[limit->action];
	out->mark_above = limit->mark_above ? limit->mark_above : UINT64_MAX;
	if (limit->action == TG_CONFIG_MARK || limit->mark_above) {
		out->marks = mark_flags(&limit->mark);
		out->dscp = limit->mark.dscp & 63;
		out->fwmark = limit->mark.fwmark;
		out->priority = limit->mark.priority;
	}
	out->max_delay = limit->max_delay ? limit->max_delay + ROUNDING_NS : 0;
	out->dns_refused = limit->dns_refused;
	compiled->policy.has_rejections |= limit->action == TG_CONFIG_REJECT;
	out->has_backoff = limit->backoff.initial != 0;
	out->is_fast = !out->has_backoff && limit->action != TG_CONFIG_DELAY;
	if (out->has_backoff)
		compile_backoff(&limit->backoff, out->rate.clock, tick,
				compiled->policy.backoffs[slot]);
}

/*
 * Sets how many tokens of a shared limit a source takes before it is reported to the other nodes: a
 * 64th of a second's refill, at most a quarter of the capacity, at least 1. So single packets are
 * not reported, and a source is before it has taken much.
 */
static void compile_shared(const struct tg_refill *refill, uint64_t bit,
			   struct tg_compiled *compiled, struct tg_limit *out)
{
	uint64_t second = (unsigned __int128)refill->amount * 1000000000 / refill->interval;
	uint64_t least = second / 64 < refill->capacity / 4 ? second / 64 : refill->capacity / 4;

	compiled->policy.shared |= bit;
	out->report_at = least ? least : 1;
	out->is_fast = 0; /* the slow path counts tokens exactly */
}

static void compile_limit(const struct tg_config_limit *limit, uint64_t tick,
			  struct tg_compiled *compiled, unsigned int slot)
{
	const struct tg_limit_record *record = &compiled->records[slot];
	struct tg_limit *out = &compiled->policy.limits[slot];
	uint64_t bit = 1ULL << slot;
	int hook;

	out->rate = record->rates[record->version];
	out->id = record->id;
	out->version = record->version;
	out->unit = limit->unit == TG_CONFIG_BYTES ? TG_UNIT_BYTES : TG_UNIT_PACKETS;
	out->per = limit->per == TG_CONFIG_PER_SOURCE	     ? TG_PER_SOURCE
		   : limit->per == TG_CONFIG_PER_DESTINATION ? TG_PER_DESTINATION
		   : limit->per == TG_CONFIG_PER_KEY	     ? TG_PER_KEY
							     : TG_PER_EVERYONE;
	out->per_port = limit->per_port;
	out->per_protocol = limit->per_protocol;
	if (limit->per == TG_CONFIG_PER_KEY) {
		out->mask4 = out->mask6 = tg_address_mask(128);
	} else if (limit->per != TG_CONFIG_PER_EVERYONE) {
		out->mask4 = tg_address_mask(96 + limit->prefix4);
		out->mask6 = tg_address_mask(limit->prefix6);
	}
	for (hook = 0; hook < TG_HOOKS; hook++)
		if (limit->hooks >> hook & 1)
			compiled->policy.hooks[hook] |= bit;
	compile_action(limit, tick, compiled, slot);
	if (limit->shared)
		compile_shared(&limit->refill, bit, compiled, out);
	if (limit->new_sources.capacity)
		compiled->policy.new_sources |= bit;
	if (out->action == TG_ACTION_DROP && out->mark_above == UINT64_MAX && !limit->shared)
		compiled->policy.fast |= bit;
	if (limit->hooks >> TG_HOOK_XDP & 1)
		compiled->policy.xdp_slot = slot;
	tg_policy_compile_match(limit, bit, &compiled->policy);
}

#define DEBT_NODES  16 /* at least this many nodes, or as many as are expected */
#define DEBT_NS_MIN 60000000000ULL
#define DEBT_NS_MAX 31536000000000000ULL /* a year: a bucket's state holds five */

/*
 * Returns the ns of refill that a bucket can owe to other nodes: (N - 1)(B + R S), the bound of
 * docs/shared-limits.md, divided by the rate R. Clamped to DEBT_NS_MIN and DEBT_NS_MAX.
 */
static uint64_t debt_time(const struct tg_config_cluster *cluster, const struct tg_refill *refill)
{
	uint64_t nodes =
		cluster->nodes_expected > DEBT_NODES ? cluster->nodes_expected : DEBT_NODES;
	unsigned __int128 fill =
		(unsigned __int128)refill->capacity * refill->interval / refill->amount;
	unsigned __int128 time = (nodes - 1) * (fill + TG_SHARED_UNHEARD_TICKS * cluster->interval);

	if (time > DEBT_NS_MAX)
		return DEBT_NS_MAX;
	return time > DEBT_NS_MIN ? (uint64_t)time : DEBT_NS_MIN;
}

/*
 * Compiles the rate of a limit. Delays need the precise clock, because fq sends packets at a time
 * of that clock. Penalties of less than TICKS_OF_PENALTY ticks need it too.
 */
static int compile_rate(const struct tg_config *config, const struct tg_config_limit *limit,
			uint64_t tick, struct tg_rate *rate)
{
	bool delays = limit->action == TG_CONFIG_DELAY;
	bool brief = limit->backoff.initial && limit->backoff.initial < TICKS_OF_PENALTY * tick;
	uint64_t ahead = delays ? limit->max_delay : 0;
	int error;

	if (limit->backoff.initial && limit->backoff.max > ahead)
		ahead = limit->backoff.max;
	if (limit->shared && debt_time(&config->cluster, &limit->refill) > ahead)
		ahead = debt_time(&config->cluster, &limit->refill);
	error = tg_rate_compile(&limit->refill, tick, ahead, rate);
	if (!error && (delays || brief))
		rate->clock = TG_CLOCK_PRECISE;
	return error;
}

/* Compiles new_sources, of which each new source takes one token. */
static int compile_admission(const struct tg_config_limit *limit, uint64_t tick,
			     struct tg_admission *admission)
{
	if (!limit->new_sources.capacity)
		return 0;
	return tg_rate_compile(&limit->new_sources, tick, 0, &admission->rate);
}

/* Compiles the rates at which rejected packets are answered. They are fixed, and documented. */
static int compile_answers(uint64_t tick, struct tg_policy *policy)
{
	static const struct tg_refill to_one = {10, 10, 1000000000, true},
				      to_all = {1000, 1000, 1000000000, true};
	int error = tg_rate_compile(&to_one, tick, 0, &policy->answers_to_one);

	if (!error)
		error = tg_rate_compile(&to_all, tick, 0, &policy->answers_to_all);
	policy->answers_to_one.clock = policy->answers_to_all.clock = TG_CLOCK_COARSE;
	return error;
}

#define FULL_PACKET 1500 /* bytes, for comparing limits of bytes with limits of packets */

/* Compares @a's number of refills of one by the time of the other, and so on. */
static int compare_strictness(const void *a, const void *b)
{
	const struct tg_config_limit *one = *(const struct tg_config_limit *const *)a;
	const struct tg_config_limit *other = *(const struct tg_config_limit *const *)b;
	uint64_t one_packet = one->unit == TG_CONFIG_BYTES ? FULL_PACKET : 1;
	uint64_t other_packet = other->unit == TG_CONFIG_BYTES ? FULL_PACKET : 1;
	unsigned __int128 x, y;

	x = (unsigned __int128)one->refill.amount * other->refill.interval * other_packet;
	y = (unsigned __int128)other->refill.amount * one->refill.interval * one_packet;
	if (x == y) {
		x = (unsigned __int128)one->refill.capacity * other_packet;
		y = (unsigned __int128)other->refill.capacity * one_packet;
	}
	if (x == y)
		return one < other ? -1 : one > other;
	return x < y ? -1 : 1;
}

/* True if the limit bounds what one source can send. */
static bool is_refusing(const struct tg_config_limit *limit)
{
	return limit->per == TG_CONFIG_PER_SOURCE && !limit->shadow &&
	       limit->action != TG_CONFIG_MARK;
}

/* Orders the limits that bound a source, for fragments of which only the source is known. */
static void compile_strictness(struct tg_compiled *compiled)
{
	const struct tg_config *config = compiled->config;
	const struct tg_config_limit *limits[TG_CONFIG_LIMITS_MAX];
	struct tg_policy *policy = &compiled->policy;
	size_t i, n = 0;

	for (i = 0; i < config->limits_n; i++)
		if (is_refusing(&config->limits[i]))
			limits[n++] = &config->limits[i];
	qsort(limits, n, sizeof(limits[0]), compare_strictness);
	for (i = 0; i < TG_LIMITS_MAX; i++) {
		if (i < n)
			policy->refusing |= 1ULL << compiled->slots[limits[i] - config->limits];
		policy->strictest[i] = policy->refusing;
	}
}

/*
 * Compiles how much discovery no limit is asked about: from a source, from all sources of an
 * interface, and of what might leave the link. They are fixed, and documented.
 */
static int compile_discovery(uint64_t tick, struct tg_policy *policy)
{
	static const struct tg_refill of_source = {200, 100, 1000000000, true},
				      of_interface = {2000, 1000, 1000000000, true},
				      lowest = {20, 10, 1000000000, true};
	int error = tg_rate_compile(&of_source, tick, 0, &policy->discovery_of_source);

	if (!error)
		error = tg_rate_compile(&of_interface, tick, 0, &policy->discovery_of_interface);
	if (!error)
		error = tg_rate_compile(&lowest, tick, 0, &policy->discovery_floor);
	return error;
}

static int compile_limits(const struct tg_config *config, const struct tg_limit_record *records,
			  uint64_t tick, struct tg_compiled *compiled)
{
	struct tg_rate rates[TG_CONFIG_LIMITS_MAX];
	struct tg_table_division division;
	int slot, error;
	size_t i;

	for (i = 0; i < config->limits_n; i++) {
		error = compile_rate(config, &config->limits[i], tick, &rates[i]);
		if (error)
			return error;
		slot = find_record(records, config->limits[i].name);
		if (slot >= 0)
			keep_record(&records[slot], &config->limits[i], &rates[i], compiled, slot);
	}
	tg_config_divide_table(config, &division);
	for (i = 0; i < config->limits_n; i++) {
		slot = find_record(compiled->records, config->limits[i].name);
		if (slot < 0) {
			slot = find_free(records, compiled->records);
			if (slot < 0)
				return slot;
			make_record(&config->limits[i], &rates[i], compiled, slot);
		}
		compiled->slots[i] = slot;
		error = compile_admission(&config->limits[i], tick, &compiled->admissions[slot]);
		if (error)
			return error;
		compile_limit(&config->limits[i], tick, compiled, slot);
		compiled->policy.limits[slot].rank = i;
		compiled->policy.order[i] = slot;
		compiled->policy.limits[slot].reserved = division.reserved[i];
	}
	compile_strictness(compiled);
	compiled->policy.limits_n = config->limits_n;
	for (slot = 0; slot < TG_LIMITS_MAX; slot++)
		if (records[slot].name[0] && records[slot].id != compiled->records[slot].id)
			compiled->limits_removed = true;
	return 0;
}

static bool has_same_lists(const struct tg_compiled *previous, const struct tg_config *config)
{
	const struct tg_list_content *lists = previous ? previous->contents.lists : NULL;

	return lists && tg_prefix_list_equal(&lists->allow, &config->allow) &&
	       tg_prefix_list_equal(&lists->deny, &config->deny);
}

static int compile_lists(const struct tg_config *config, const struct tg_compiled *previous,
			 struct tg_compiled *compiled)
{
	struct tg_list_content *lists;

	if (!config->allow.n && !config->deny.n)
		return 0;
	compiled->policy.has_lists = 1;
	if (has_same_lists(previous, config)) {
		compiled->contents.lists = previous->contents.lists;
		tg_refcount_get(&compiled->contents.lists->others);
		return 0;
	}
	lists = calloc(1, sizeof(*lists));
	if (!lists)
		return -ENOMEM;
	tg_prefix_list_share(&lists->allow, &config->allow);
	tg_prefix_list_share(&lists->deny, &config->deny);
	compiled->contents.lists = lists;
	return 0;
}

static void choose_name_key(const struct tg_config *config, const struct tg_meta *meta,
			    struct tg_compiled *compiled)
{
	compiled->shares_names = tg_config_shares_names(config);
	if (compiled->shares_names)
		memcpy(compiled->policy.name_key, config->cluster.name_key,
		       sizeof(compiled->policy.name_key));
	else
		tg_name_key(meta->hash_key, compiled->policy.name_key);
}

int tg_policy_compile(const struct tg_config *config, const struct tg_limit_record *records,
		      const struct tg_meta *meta, uint32_t bank, uint64_t tick,
		      const struct tg_compiled *previous, struct tg_compiled **compiled)
{
	tg_cleanup(tg_compiled_free) struct tg_compiled *made = calloc(1, sizeof(*made));
	int error;

	if (!made)
		return -ENOMEM;
	made->config = tg_config_ref(config);
	made->next_serial = meta->next_serial;
	made->policy.bank = bank;
	made->policy.generation = meta->generation[!bank] + 1;
	memcpy(made->policy.hash_key, meta->hash_key, sizeof(made->policy.hash_key));
	tg_table_design(&made->policy.table, config->table_size, meta->hash_key);
	made->policy.tick = meta->tick;
	made->policy.tick_begin = meta->tick_begin;
	made->policy.no_ticks = tick == UINT64_MAX;
	choose_name_key(config, meta, made);
	error = compile_answers(tick, &made->policy);
	if (!error)
		error = compile_discovery(tick, &made->policy);
	if (!error)
		error = compile_limits(config, records, tick, made);
	if (!error)
		error = tg_policy_compile_contents(previous, made);
	if (!error)
		error = compile_lists(config, previous, made);
	if (error)
		return error;
	*compiled = TAKE_PTR(made);
	return 0;
}

void tg_compiled_free(struct tg_compiled **compiled)
{
	if (!*compiled)
		return;
	tg_contents_clear(&(*compiled)->contents);
	tg_config_unref(&(*compiled)->config);
	free(*compiled);
	*compiled = NULL;
}
