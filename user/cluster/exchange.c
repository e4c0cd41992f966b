// SPDX-License-Identifier: GPL-2.0-or-later
#include "cluster/exchange.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_S 1e9

struct tg_share *tg_share_new(const struct tg_share_settings *settings)
{
	struct tg_share *share = calloc(1, sizeof(*share));

	if (!share)
		return NULL;
	share->settings = *settings;
	share->sources = calloc(settings->max_sources, sizeof(*share->sources));
	share->peers = calloc(TG_SHARE_NODES_MAX, sizeof(*share->peers));
	share->entries = calloc(settings->max_sources, sizeof(*share->entries));
	if (!share->sources || !share->peers || !share->entries)
		tg_share_free(&share);
	return share;
}

void tg_share_free(struct tg_share **share)
{
	size_t i;

	if (!*share)
		return;
	for (i = 0; (*share)->peers && i < (*share)->peers_n; i++)
		tg_share_frame_free(&(*share)->peers[i].last);
	free((*share)->sources);
	free((*share)->peers);
	free((*share)->entries);
	free(*share);
	*share = NULL;
}

static int by_hash(const void *a, const void *b)
{
	const struct tg_share_rule *left = a, *right = b;

	return left->hash < right->hash ? -1 : left->hash > right->hash;
}

static bool has_rule(const struct tg_share *share, const struct tg_share_source *source,
		     uint64_t now)
{
	return tg_share_rule(share, source->key.limit) != NULL;
}

int tg_share_rules(struct tg_share *share, const struct tg_share_rule *rules, size_t n)
{
	uint64_t left_out[TG_SHARE_LIMITS_MAX];
	struct tg_share_rule sorted[TG_SHARE_LIMITS_MAX];
	size_t i;

	if (n > TG_SHARE_LIMITS_MAX)
		return -E2BIG;
	memcpy(sorted, rules, n * sizeof(*rules));
	qsort(sorted, n, sizeof(*rules), by_hash);
	for (i = 0; i < n; i++)
		left_out[i] = tg_share_left_out(share, sorted[i].hash);
	memcpy(share->left_out, left_out, n * sizeof(*left_out));
	memcpy(share->rules, sorted, n * sizeof(*sorted));
	share->rules_n = n;
	tg_share_keep_sources(share, has_rule, 0);
	for (i = 0; i < share->peers_n; i++)
		tg_share_compare_tables(share, &share->peers[i]);
	return 0;
}

int tg_share_publish(struct tg_share *share, uint8_t *bytes)
{
	struct tg_share_frame frame = {.epoch = share->settings.epoch, .entries = share->entries};
	size_t i;

	memcpy(frame.node, share->settings.node, sizeof(frame.node));
	frame.seq = ++share->seq;
	frame.limits_n = share->rules_n;
	for (i = 0; i < share->rules_n; i++) {
		memcpy(frame.limits[i].name, share->rules[i].name, sizeof(frame.limits[i].name));
		frame.limits[i].hash = share->rules[i].hash;
	}
	for (i = 0; i < share->sources_n; i++)
		if (share->sources[i].own)
			frame.entries[frame.entries_n++] = (struct tg_share_entry){
				share->sources[i].key, share->sources[i].own};
	return tg_share_frame_encode(&frame, &share->settings.secret, bytes);
}

static bool is_busy(const struct tg_share *share, const struct tg_share_source *source,
		    uint64_t now)
{
	return now - source->moved_at < TG_SHARE_IDLE_NS || source->debt;
}

/* The others are taken to take what they took. */
static void hold(struct tg_share *share, uint64_t ns, uint64_t now)
{
	const struct tg_share_rule *rule;
	double whole;
	size_t i;

	if (now > tg_share_fresh_until(share, TG_SHARE_HOLD))
		return;
	for (i = 0; i < share->sources_n; i++) {
		struct tg_share_source *source = &share->sources[i];

		rule = tg_share_rule(share, source->key.limit);
		if (!rule || rule->on_loss != TG_SHARE_HOLD)
			continue;
		source->held = modf(source->held + source->pace * ns / NS_PER_S, &whole);
		source->debt += (uint64_t)whole;
	}
}

/* @pace, after @moved more in @ns: half of what it was goes in a second. */
static double smooth(double pace, double moved, uint64_t ns)
{
	return pace + (moved * NS_PER_S / ns - pace) * (1 - exp2(-(ns / NS_PER_S)));
}

static void learn_pace(struct tg_share *share, uint64_t ns)
{
	size_t i;

	if (!ns)
		return;
	for (i = 0; i < share->sources_n; i++) {
		struct tg_share_source *source = &share->sources[i];

		source->pace = smooth(source->pace, source->moved, ns);
		source->moved = 0;
	}
	for (i = 0; i < share->peers_n; i++) {
		struct tg_share_peer *peer = &share->peers[i];

		peer->pace = smooth(peer->pace, peer->moved, ns);
		peer->moved = 0;
	}
	share->pace = smooth(share->pace, share->moved, ns);
	share->moved = 0;
}

/* A store in which the frames of all others are missing may have been robbed of them. */
static bool hears_anybody(const struct tg_share *share, uint64_t now)
{
	size_t i;

	for (i = 0; i < share->peers_n; i++)
		if (now - share->peers[i].heard_at <= share->settings.stale_after)
			return true;
	return share->settings.nodes_expected < 2;
}

void tg_share_settle(struct tg_share *share, bool complete, uint64_t now)
{
	uint64_t passed = share->round_at ? now - share->round_at : 0;

	complete = complete && hears_anybody(share, now);
	/* A node that was itself stopped has missed what the others did. */
	if (share->settled_at && now - share->settled_at > share->settings.stale_after) {
		share->counters.losses += !share->lost;
		share->lost = true;
	}
	if (complete) {
		if (!share->lost)
			learn_pace(share, passed);
		share->settled_at = now;
		share->lost = false;
	} else if (share->settled_at && now - share->settled_at > share->settings.tick * 2) {
		hold(share, passed, now);
	}
	share->round_at = now;
	tg_share_watch_peers(share, now);
	tg_share_keep_sources(share, is_busy, now);
}

uint64_t tg_share_settled_at(const struct tg_share *share)
{
	return share->settled_at;
}

uint64_t tg_share_fresh_until(const struct tg_share *share, enum tg_share_loss on_loss)
{
	uint64_t until = share->settled_at;

	if (!until)
		return 0;
	return until + share->settings.stale_after +
	       (on_loss == TG_SHARE_HOLD ? TG_SHARE_HOLD_NS : 0);
}

double tg_share_pace(const struct tg_share *share)
{
	return share->pace;
}

const struct tg_share_counters *tg_share_counters(const struct tg_share *share)
{
	return &share->counters;
}
