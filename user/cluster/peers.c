// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Merges the frames of other nodes. The counts are a G-counter (Shapiro and others, 2011): a node
 * writes only its own, they only grow, and merging a frame twice or late changes nothing.
 */
#include "cluster/peers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cluster/sources.h"

/* Returns the index of the peer named @node, or the index at which to insert it. */
static size_t peer_index(const struct tg_exchange *exchange, const char *node, bool *found)
{
	size_t i;
	int order;

	*found = false;
	for (i = 0; i < exchange->peers_n; i++) {
		order = strcmp(exchange->peers[i].last->node, node);
		if (order == 0)
			*found = true;
		if (order >= 0)
			return i;
	}
	return i;
}

void tg_peers_compare_tables(struct tg_exchange *exchange, struct tg_peer *peer)
{
	uint64_t before = peer->ignored;
	size_t i, j;

	peer->ignored = 0;
	for (i = 0; i < exchange->rules_n; i++)
		for (j = 0; j < peer->last->limits_n; j++)
			if (strcmp(exchange->rules[i].name, peer->last->limits[j].name) == 0 &&
			    exchange->rules[i].hash != peer->last->limits[j].hash)
				peer->ignored |= 1ULL << j;
	exchange->counters.mismatches += __builtin_popcountll(peer->ignored & ~before);
}

/*
 * Adds the growth of @entry to the debt of its source. @before: the count in the last frame, or 0.
 */
static void owe(struct tg_exchange *exchange, struct tg_peer *peer,
		const struct tg_frame_entry *entry, uint64_t before, uint64_t now)
{
	const struct tg_exchange_rule *rule = tg_exchange_find_rule(exchange, entry->key.limit);
	struct tg_shared_source *source;
	uint64_t tokens, most;

	if (!rule || entry->count == before)
		return;
	if (entry->count < before) {
		peer->regressed++;
		return;
	}
	source = tg_sources_find(exchange, &entry->key, now);
	if (!source)
		return;
	/* Bounds the debt, because a frame may be forged: the others cannot take more than this. */
	tokens = entry->count - before;
	most = tg_sources_debt_max(exchange, entry->key.limit);
	if (tokens > most)
		tokens = most;
	source->debt = source->debt + tokens > most ? most : source->debt + tokens;
	source->foreign += tokens;
	source->moved += tokens;
	source->moved_at = now;
	peer->tokens += tokens;
	if (rule->rate > 0)
		peer->moved += tokens / rule->rate;
}

/* Merges two sorted lists. A source that is only in the new frame began at 0. */
static void merge(struct tg_exchange *exchange, struct tg_peer *peer,
		  const struct tg_node_frame *frame, uint64_t now)
{
	const struct tg_node_frame *last = peer->last;
	size_t i, j = 0;
	int order;

	for (i = 0; i < frame->entries_n; i++) {
		uint64_t before = 0;

		for (order = -1; j < last->entries_n; j++) {
			order = tg_shared_key_compare(&last->entries[j].key,
						      &frame->entries[i].key);
			if (order >= 0)
				break;
		}
		if (j < last->entries_n && order == 0)
			before = last->entries[j].count;
		owe(exchange, peer, &frame->entries[i], before, now);
	}
}

static int add_peer(struct tg_exchange *exchange, size_t index, struct tg_node_frame **frame,
		    uint64_t now)
{
	struct tg_peer *peer = &exchange->peers[index];

	if (exchange->peers_n == TG_SHARED_NODES_MAX)
		return -ENOSPC;
	memmove(peer + 1, peer, (exchange->peers_n++ - index) * sizeof(*peer));
	*peer = (struct tg_peer){.last = TAKE_PTR(*frame), .heard_at = now, .frames = 1};
	tg_peers_compare_tables(exchange, peer);
	return 0;
}

/* Replaces the last frame. Its counts make debts only if they continue those of the last frame. */
static void take_frame(struct tg_exchange *exchange, struct tg_peer *peer,
		       struct tg_node_frame **frame, uint64_t now)
{
	bool same_epoch = peer->last->epoch == (*frame)->epoch;
	bool gap = now - peer->heard_at > exchange->settings.stale_after;

	if (same_epoch)
		peer->lost += (*frame)->seq - peer->last->seq - 1;
	if (same_epoch && !peer->stale && !gap && !exchange->lost)
		merge(exchange, peer, *frame, now);
	tg_node_frame_free(&peer->last);
	peer->last = TAKE_PTR(*frame);
	peer->heard_at = now;
	peer->stale = false;
	peer->frames++;
	tg_peers_compare_tables(exchange, peer);
}

int tg_peers_receive(struct tg_exchange *exchange, const char *node, const uint8_t *bytes,
		     size_t length, uint64_t now)
{
	tg_cleanup(tg_node_frame_free) struct tg_node_frame *frame = NULL;
	int error = tg_node_frame_decode(bytes, length, &exchange->settings.secret, &frame);
	struct tg_peer *peer;
	size_t index;
	bool found;

	if (!error && strcmp(frame->node, node) != 0)
		error = -EACCES;
	exchange->counters.damaged += error == -EBADMSG;
	exchange->counters.forged += error == -EACCES;
	exchange->counters.unknown += error == -EPROTONOSUPPORT;
	if (error)
		return error;
	if (strcmp(frame->node, exchange->settings.node) == 0)
		return frame->epoch == exchange->settings.epoch ? -EALREADY : -EEXIST;
	index = peer_index(exchange, frame->node, &found);
	if (!found)
		return add_peer(exchange, index, &frame, now);
	peer = &exchange->peers[index];
	if (peer->last->epoch == frame->epoch && frame->seq <= peer->last->seq) {
		peer->repeated++;
		return -EALREADY;
	}
	take_frame(exchange, peer, &frame, now);
	return 0;
}

void tg_peers_watch(struct tg_exchange *exchange, uint64_t now)
{
	size_t i, n = 0;
	uint64_t heard = 1;

	for (i = 0; i < exchange->peers_n; i++) {
		struct tg_peer *peer = &exchange->peers[i];

		if (now - peer->heard_at > TG_SHARED_GONE_NS && exchange->settled_at == now) {
			tg_node_frame_free(&peer->last);
			continue;
		}
		if (now - peer->heard_at > exchange->settings.stale_after)
			peer->stale = true;
		heard += !peer->stale;
		exchange->peers[n++] = *peer;
	}
	exchange->peers_n = n;
	/* Without a complete round the number of nodes stays. */
	if (exchange->settled_at == now)
		exchange->nodes_settled = heard;
}

const struct tg_peer *tg_peers_all(const struct tg_exchange *exchange, size_t *n)
{
	*n = exchange->peers_n;
	return exchange->peers;
}
